// Walks the rows of a matrix, for kernels that reduce every row: a simdgroup takes a row, or with
// the function constant `whole_threadgroup` a threadgroup does (ops/row_dispatch.hpp chooses).
#pragma once
#include "lib/threadgroup_reduce.metal"

/// Where a simdgroup stands. Its columns are first + lane, first + step + lane, ...
struct RowPlace {
  uint row;
  uint first;
  uint step;
  uint lane;
  uint simdgroup;
  uint simdgroups;

  /// Calls `action(k)` for every column of this lane. All lanes are there but for the last ones of
  /// the row.
  template <class Action>
  void each(uint columns, thread Action& action) const {
    uint k = first;
    for (; k + 32 <= columns; k += step) action(k + lane);
    if (k + lane < columns) action(k + lane);
  }

  /// Over the whole row; every thread that has the row calls it.
  float sum(float value, threadgroup float* slots) const {
    return whole_threadgroup ? threadgroup_sum(value, slots, simdgroups, simdgroup, lane)
                             : simd_sum(value);
  }
  float maximum(float value, threadgroup float* slots) const {
    return whole_threadgroup ? threadgroup_max(value, slots, simdgroups, simdgroup, lane)
                             : simd_max(value);
  }
};

inline RowPlace row_place(uint threadgroup_in_grid, uint simdgroups, uint simdgroup, uint lane) {
  RowPlace place;
  place.row = whole_threadgroup ? threadgroup_in_grid : threadgroup_in_grid * simdgroups + simdgroup;
  place.first = whole_threadgroup ? simdgroup * 32 : 0;
  place.step = whole_threadgroup ? simdgroups * 32 : 32;
  place.lane = lane;
  place.simdgroup = simdgroup;
  place.simdgroups = simdgroups;
  return place;
}

#define FOUNDRY_ROW_PLACE                                                     \
  row_place(threadgroup_position_in_grid.x, simdgroups_per_threadgroup,       \
            simdgroup_index_in_threadgroup, thread_index_in_simdgroup)
