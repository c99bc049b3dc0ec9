// Walks all elements of an elementwise kernel. A simdgroup takes a run of neighbouring ones, its
// lanes next to each other: enough work to pay for starting it, and whole vectors without a bounds
// test everywhere but at the very end.
#pragma once
#include "lib/common.metal"

FOUNDRY_GLOBAL uint kElementRun = 8;  // elements of a lane; ops/elementwise.hpp has it too

#define FOUNDRY_SIMDGROUP_IN_GRID \
  (threadgroup_position_in_grid.x * simdgroups_per_threadgroup + simdgroup_index_in_threadgroup)

/// Calls `step(i)` for the elements of this simdgroup, the `simdgroup`th of the grid.
template <class Step>
inline void for_elements(uint count, uint simdgroup, uint lane, Step step) {
  const uint first = simdgroup * (32 * kElementRun);
  if (first >= count) return;
  if (count - first >= 32 * kElementRun) {
#pragma unroll
    for (uint j = 0; j < kElementRun; ++j) step(first + j * 32 + lane);
  } else {
    for (uint i = first + lane; i < count; i += 32) step(i);
  }
}
