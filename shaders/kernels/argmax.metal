// The index of the largest element of every row; of equal ones, the first. NaN is never chosen
// unless the whole row is NaN, which gives index 0. A threadgroup takes a row.
#include "lib/common.metal"

FOUNDRY_GLOBAL uint kNone = 0xffffffffu;

kernel void argmax(FOUNDRY_ARGUMENTS) {
  threadgroup float best_values[32];
  threadgroup uint best_indices[32];
  device const X* row = x + ulong(threadgroup_position_in_grid.x) * params.columns;
  const uint lane = thread_index_in_simdgroup;
  const uint simdgroup = simdgroup_index_in_threadgroup;

  float best = -INFINITY;
  uint index = kNone;
  for (uint k = simdgroup * 32 + lane; k < params.columns; k += simdgroups_per_threadgroup * 32) {
    const float value = float(row[k]);
    const bool better = value > best || (index == kNone && value == best);
    best = better ? value : best;
    index = better ? k : index;
  }
  const float simd_best = simd_max(best);
  const uint simd_index = simd_min(best == simd_best ? index : kNone);
  if (lane == 0) {
    best_values[simdgroup] = simd_best;
    best_indices[simdgroup] = simd_index;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (simdgroup == 0) {
    const bool mine = lane < simdgroups_per_threadgroup;
    const float value = mine ? best_values[lane] : -INFINITY;
    const uint candidate = mine ? best_indices[lane] : kNone;
    const float highest = simd_max(value);
    const uint chosen = simd_min(value == highest ? candidate : kNone);
    if (lane == 0) y[threadgroup_position_in_grid.x] = Y(chosen == kNone ? 0 : chosen);
  }
}
