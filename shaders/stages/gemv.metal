// Main: y[row] = sum over k of weights[row, k] * x[k], for one token.
//
// A simdgroup takes a tile of Rows rows: the input is loaded once for all of them. Lanes take
// neighbouring weights (Policy::position), so that a simdgroup reads each row in order.
#pragma once
#include "lib/policy.metal"

/// A tile of neighbouring rows. Tiles of heads are in lib/heads.metal.
struct NeighbourRows {
  uint first;
  uint row(uint r) const { return first + r; }
};

/// The tile's rows (the last ones may lie beyond `rows`), as one value per lane: lane r has
/// tile.row(r). Every simdgroup works alone: no barrier, no threadgroup memory.
template <class Policy, uint Width, uint Rows, class Prologue, class Tile>
inline float gemv_rows(device const typename Policy::Block* weights, Prologue prologue, float scale,
                       uint rows, uint columns, Tile tile, uint lane) {
  const uint step = 32 * Width;
  const uint blocks = columns / Policy::kBlock;
  device const typename Policy::Block* row_weights[Rows];
  float sums[Rows];
#pragma unroll
  for (uint r = 0; r < Rows; ++r) {
    row_weights[r] = weights + ulong(min(tile.row(r), rows - 1)) * blocks;
    sums[r] = 0.0f;
  }

  uint first = 0;
  for (; first + step <= columns; first += step) {
    float x[Width];
#pragma unroll
    for (uint j = 0; j < Width; ++j) {
      x[j] = prologue.at(0, first + Policy::position(lane, j), scale);
    }
#pragma unroll
    for (uint r = 0; r < Rows; ++r) {
      sums[r] += Policy::dot(row_weights[r] + first / Policy::kBlock, lane, x);
    }
  }
  for (uint k = first + lane; k < columns; k += 32) {
    const float x = prologue.at(0, k, scale);
#pragma unroll
    for (uint r = 0; r < Rows; ++r) sums[r] += weight_at<Policy>(row_weights[r], k) * x;
  }

  float result = 0.0f;
#pragma unroll
  for (uint r = 0; r < Rows; ++r) {
    const float total = simd_sum(sums[r]);
    result = lane == r ? total : result;
  }
  return result;
}
