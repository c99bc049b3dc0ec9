// Copies between tensors with strides, converting as `copy` does. By row, a simdgroup takes kRows
// rows of the innermost dimension, its lanes along it; a row's place is worked out once. Where x is
// not contiguous along them, as in a transposed view, its neighbours are in the next rows: then all
// rows take 32 columns before the next 32. Rows too short for that are taken element by element.
#include "lib/convert.metal"
#include "lib/elementwise.metal"

FOUNDRY_GLOBAL uint kRows = 16;  // of a simdgroup; ops/copy.cpp knows it

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
    y[place.y] = converted<Y>(Via(x[place.x]));
  }
};

/// Column k of a row.
inline void copy_column(device const X* x, device Y* y, constant CopyStridedParams& params,
                        CopyPlace place, uint k) {
  const uint inner = params.rank - 1;
  const ulong from = place.x + (x_unit ? k : ulong(k) * params.x_strides[inner]);
  y[place.y + (y_unit ? k : ulong(k) * params.y_strides[inner])] = converted<Y>(Via(x[from]));
}

kernel void copy_strided(FOUNDRY_ARGUMENTS) {
  const uint lane = thread_index_in_simdgroup;
  if (!by_row) {
    for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, lane, CopyElement{x, y, params});
    return;
  }
  const uint columns = params.extents[params.rank - 1];
  const uint rows = params.count / columns;
  const uint first = FOUNDRY_SIMDGROUP_IN_GRID * kRows;
  if (first >= rows) return;
  const uint count = min(kRows, rows - first);
  if (x_unit) {
    for (uint r = 0; r < count; ++r) {
      const CopyPlace place = copy_place(params, params.rank - 1, first + r);
      uint k = 0;
      for (; k + 32 <= columns; k += 32) copy_column(x, y, params, place, k + lane);
      if (k + lane < columns) copy_column(x, y, params, place, k + lane);
    }
    return;
  }
  CopyPlace places[kRows];
  for (uint r = 0; r < count; ++r) places[r] = copy_place(params, params.rank - 1, first + r);
  for (uint k = 0; k < columns; k += 32) {
    if (k + lane >= columns) continue;
    for (uint r = 0; r < count; ++r) copy_column(x, y, params, places[r], k + lane);
  }
}
