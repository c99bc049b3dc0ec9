// Main: y[row] = sum over k of weights[row, k] * x[k], for one token.
//
// A simdgroup takes a tile of Rows rows, Together at a time: the input is loaded once for those.
// Lanes take neighbouring weights (Policy::position), so that a simdgroup reads each row in order.
// On GPUs, Rows and Together are one number. With narrow lanes (lib/gemv_input.metal) Rows is 32,
// so that the prologue is evaluated and the result stored once for many rows.
#pragma once
#include "lib/lane_sums.metal"
#include "lib/policy.metal"
#include "lib/products.metal"

/// A tile of neighbouring rows. Tiles of heads are in lib/heads.metal.
struct NeighbourRows {
  uint first;
  uint row(uint r) const { return first + r; }
  /// The i-th of the tile's rows as they lie in memory.
  uint in_order(uint i) const { return i; }
};

/// The sums of the weights from column `first` on.
template <class Policy, uint Width, uint Rows, class Prologue, class Scale>
inline void gemv_columns(thread device const typename Policy::Block** weights, Prologue prologue,
                         Scale scale, uint first, uint columns, uint lane, thread float* sums) {
  const uint step = 32 * Width;
  for (; first + step <= columns; first += step) {
    float x[Width];
#pragma unroll
    for (uint j = 0; j < Width; ++j) {
      x[j] = prologue.at(0, first + Policy::position(lane, j), scale);
    }
#pragma unroll
    for (uint r = 0; r < Rows; ++r) {
      sums[r] += Policy::dot(weights[r] + first / Policy::kBlock, lane, x);
    }
  }
  for (uint k = first + lane; k < columns; k += 32) {
    const float x = prologue.at(0, k, scale);
#pragma unroll
    for (uint r = 0; r < Rows; ++r) sums[r] += weight_at<Policy>(weights[r], k) * x;
  }
}

/// The tile's rows (the last ones may lie beyond `rows`), as one value per lane: lane r has
/// tile.row(r). Every simdgroup works alone.
template <class Policy, uint Width, uint Together, uint Rows, class Prologue, class Scale,
          class Tile>
inline float gemv_rows(device const typename Policy::Block* weights, Prologue prologue, Scale scale,
                       uint rows, uint columns, Tile tile, uint lane) {
  const uint blocks = columns / Policy::kBlock;
  float parts[Rows];
  for (uint r = 0; r < Rows; ++r) parts[r] = 0.0f;
  for (uint group = 0; group < Rows; group += Together) {
    if (Rows > Together && tile.row(tile.in_order(group)) >= rows) continue;
    device const typename Policy::Block* row_weights[Together];
    float sums[Together];
#pragma unroll
    for (uint r = 0; r < Together; ++r) {
      const uint row = tile.row(tile.in_order(group + r));
      row_weights[r] = weights + ulong(min(row, rows - 1)) * blocks;
      sums[r] = 0.0f;
    }
    gemv_columns<Policy, Width, Together>(row_weights, prologue, scale, 0, columns, lane, sums);
#pragma unroll
    for (uint r = 0; r < Together; ++r) parts[tile.in_order(group + r)] = sums[r];
  }
  return lane_sums<Rows>(parts, lane);
}

/// A product of rows with the input as floats, Rows at a time.
template <class Policy, uint Width, uint Together, uint Rows>
struct FloatProduct {
  FOUNDRY_CONSTANT uint kRows = Rows;
  device const typename Policy::Block* weights;

  template <class Prologue, class Scale, class Tile>
  float values(Prologue prologue, Scale scale, uint rows, uint columns, Tile tile,
               uint lane) const {
    return gemv_rows<Policy, Width, Together, Rows>(weights, prologue, scale, rows, columns, tile,
                                                    lane);
  }
};

template <class Prologue, class Scale, class Tile>
inline float gate_values(NoGate, Prologue, Scale, uint, uint, Tile, uint) {
  return 0.0f;
}
template <class Product, class Activation, class Value, class Prologue, class Scale, class Tile>
inline float gate_values(GatedBy<Product, Activation, Value> gate, Prologue prologue, Scale scale,
                         uint rows, uint columns, Tile tile, uint lane) {
  return gate.product.values(prologue, scale, rows, columns, tile, lane);
}

/// Tile `tile` of a product, stored.
template <class Product, class Gate, class Epilogue, class Prologue, class Y>
inline void gemv_tile(Product product, Gate gate, Epilogue epilogue, device Y* y,
                      Prologue prologue, uint rows, uint columns, uint tile, uint lane) {
  const NeighbourRows own = {tile * Product::kRows};
  const auto scale = prologue.scale(0, lane);
  const float gate_value = gate_values(gate, prologue, scale, rows, columns, own, lane);
  const float value = product.values(prologue, scale, rows, columns, own, lane);
  const uint row = own.row(lane);
  if (lane < Product::kRows && row < rows) {
    const float gated = gate.apply(value, gate_value, 0, row, rows);
    y[row] = Y(epilogue.apply(gated, 0, row, rows));
  }
}
