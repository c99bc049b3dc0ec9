// The index of the largest element of every row, as numpy has it: of equal ones the first, and NaN,
// the first one, above all. A threadgroup takes a row.
#include "lib/non_finite.metal"
#include "lib/threadgroup_reduce.metal"

FOUNDRY_GLOBAL uint kNone = 0xffffffffu;

struct Best {
  float value;
  uint index;
};

/// The best of a simdgroup's; every lane gets it.
inline Best simd_best(Best own) {
  const float value = simd_max(own.value);
  return {value, simd_min(own.value == value ? own.index : kNone)};
}

/// The first NaN of the row, or kNone. Every thread of the threadgroup must call it.
inline uint first_nan(device const X* row, uint columns, threadgroup uint* slots, uint simdgroup,
                      uint simdgroups, uint lane) {
  uint first = kNone;
  for (uint k = simdgroup * 32 + lane; k < columns; k += simdgroups * 32) {
    if (is_nan(float(row[k]))) first = min(first, k);
  }
  return threadgroup_min(first, slots, simdgroups, simdgroup, lane);
}

kernel void argmax(FOUNDRY_ARGUMENTS) {
  threadgroup float best_values[32];
  threadgroup uint best_indices[32];
  device const X* row = x + ulong(threadgroup_position_in_grid.x) * params.columns;
  const uint lane = thread_index_in_simdgroup;
  const uint simdgroup = simdgroup_index_in_threadgroup;
  const uint simdgroups = simdgroups_per_threadgroup;

  // NaN counts as infinity at first: where that is the largest, the row is gone through once more.
  Best best = {-INFINITY, kNone};
  for (uint k = simdgroup * 32 + lane; k < params.columns; k += simdgroups * 32) {
    const float element = float(row[k]);
    const float value = is_nan(element) ? INFINITY : element;
    const bool better = value > best.value || (best.index == kNone && value == best.value);
    best.value = better ? value : best.value;
    best.index = better ? k : best.index;
  }
  best = simd_best(best);
  if (lane == 0) {
    best_values[simdgroup] = best.value;
    best_indices[simdgroup] = best.index;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const bool mine = lane < simdgroups;
  best = simd_best({mine ? best_values[lane] : -INFINITY, mine ? best_indices[lane] : kNone});
  if (best.value == INFINITY) {
    const uint nan = first_nan(row, params.columns, best_indices, simdgroup, simdgroups, lane);
    best.index = nan == kNone ? best.index : nan;
  }
  if (simdgroup == 0 && lane == 0) {
    const bool reported = finite_only && magnitude_bits(best.value) >= kInfinityBits;
    y[threadgroup_position_in_grid.x] = Y(reported ? ~best.index : best.index);
  }
}
