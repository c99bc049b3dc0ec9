// RMSNorm of every row; a simdgroup takes a row.
#include "stages/rms_norm.metal"

kernel void rms_norm(FOUNDRY_ARGUMENTS) {
  const uint token =
      threadgroup_position_in_grid.x * simdgroups_per_threadgroup + simdgroup_index_in_threadgroup;
  if (token >= params.rows) return;
  const uint lane = thread_index_in_simdgroup;
  const RmsNorm<X, Weight> norm = {x, weight, params.epsilon, params.columns};
  const float scale = norm.scale(token, lane);
  for (uint k = lane; k < params.columns; k += 32) {
    y[ulong(token) * params.columns + k] = Y(norm.at(token, k, scale));
  }
}
