// Copies between tensors with strides, converting as `copy` does. By row, a simdgroup takes eight
// rows of the innermost dimension, its lanes along it; a row's place is worked out once. Rows too
// short for that are taken element by element.
#include "lib/elementwise.metal"

FOUNDRY_GLOBAL uint kRows = 8;  // of a simdgroup; ops/copy.cpp knows it

struct CopyPlace {
  ulong x;
  ulong y;
};

/// The place of element or row `index` of the first `rank` dimensions.
inline CopyPlace copy_place(constant CopyStridedParams& params, uint rank, uint index) {
  CopyPlace place = {0, 0};
  for (uint d = rank; d-- > 0;) {
    const uint extent = params.extents[d];
    const uint at = index % extent;
    index /= extent;
    place.x += ulong(at) * params.x_strides[d];
    place.y += ulong(at) * params.y_strides[d];
  }
  return place;
}

struct CopyElement {
  device const X* x;
  device Y* y;
  constant CopyStridedParams& params;
  void operator()(uint i) const {
    const CopyPlace place = copy_place(params, params.rank, i);
    y[place.y] = Y(Via(x[place.x]));
  }
};

struct CopyRowStep {
  device const X* x;
  device Y* y;
  ulong x_stride;
  ulong y_stride;
  void operator()(uint k) const {
    y[y_unit ? k : k * y_stride] = Y(Via(x[x_unit ? k : k * x_stride]));
  }
};

kernel void copy_strided(FOUNDRY_ARGUMENTS) {
  const uint lane = thread_index_in_simdgroup;
  if (!by_row) {
    for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, lane, CopyElement{x, y, params});
    return;
  }
  const uint inner = params.rank - 1;
  const uint columns = params.extents[inner];
  const uint rows = params.count / columns;
  const uint first = FOUNDRY_SIMDGROUP_IN_GRID * kRows;
  for (uint row = first; row < min(first + kRows, rows); ++row) {
    const CopyPlace place = copy_place(params, inner, row);
    const CopyRowStep step = {x + place.x, y + place.y, params.x_strides[inner],
                              params.y_strides[inner]};
    uint k = 0;
    for (; k + 32 <= columns; k += 32) step(k + lane);
    if (k + lane < columns) step(k + lane);
  }
}
