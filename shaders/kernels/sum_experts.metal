// The results of a token's experts, each times its share, summed.
#include "lib/common.metal"

kernel void sum_experts(FOUNDRY_ARGUMENTS) {
  const uint row = thread_position_in_grid.x;
  const uint token = thread_position_in_grid.y;
  if (row >= params.rows) return;
  float sum = 0.0f;
  for (uint use = 0; use < params.used; ++use) {
    const uint slot = token * params.used + use;
    sum += shares[slot] * results[slot * params.rows + row];
  }
  const uint at = token * params.rows + row;
  y[at] = Y(has_residual ? sum + float(residual[at]) : sum);
}
