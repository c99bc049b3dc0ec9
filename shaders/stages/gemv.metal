// Main: y[token, row] = sum over k of weights[row, k] * x[token, k], for one token or a few.
//
// A simdgroup takes a tile of Rows rows, Together at a time: the input is loaded once for those.
// Lanes take neighbouring weights (Policy::position), so that a simdgroup reads each row in order.
// On GPUs, Rows and Together are one number. With narrow lanes (lib/gemv_input.metal) Rows is 32,
// so that the prologue is evaluated and the result stored once for many rows. Weights are decoded
// once for the tokens that a threadgroup takes, and each token's sums are what they are alone, bit
// for bit: decoding drafts and decoding one by one give the same text.
#pragma once
#include "lib/few_tokens.metal"
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

/// The sums of the weights from column `first` on: sums[r * Tokens::kCount + t].
template <class Policy, uint Width, uint Rows, class Prologue, class Scale, class Tokens>
inline void gemv_columns(thread device const typename Policy::Block** weights, Prologue prologue,
                         thread const Scale* scales, Tokens tokens, uint first, uint columns,
                         uint lane, thread float* sums) {
  const uint kCount = Tokens::kCount;
  const uint step = 32 * Width;
  for (; first + step <= columns; first += step) {
    float x[kCount * Width];
#pragma unroll
    for (uint t = 0; t < kCount; ++t) {
#pragma unroll
      for (uint j = 0; j < Width; ++j) {
        x[t * Width + j] =
            prologue.at(tokens.at(t), first + Policy::position(lane, j), scales[t]);
      }
    }
#pragma unroll
    for (uint r = 0; r < Rows; ++r) {
#pragma unroll
      for (uint t = 0; t < kCount; ++t) {
        sums[r * kCount + t] +=
            Policy::dot(weights[r] + first / Policy::kBlock, lane, x + t * Width);
      }
    }
  }
  for (uint k = first + lane; k < columns; k += 32) {
    float x[kCount];
#pragma unroll
    for (uint t = 0; t < kCount; ++t) x[t] = prologue.at(tokens.at(t), k, scales[t]);
#pragma unroll
    for (uint r = 0; r < Rows; ++r) {
      const float weight = weight_at<Policy>(weights[r], k);
#pragma unroll
      for (uint t = 0; t < kCount; ++t) sums[r * kCount + t] += weight * x[t];
    }
  }
}

/// The tile's rows (the last ones may lie beyond `rows`), as one value per lane and token: lane r
/// has tile.row(r). Every simdgroup works alone.
template <class Policy, uint Width, uint Together, uint Rows, class Prologue, class Scale,
          class Tokens, class Tile>
inline void gemv_rows(device const typename Policy::Block* weights, Prologue prologue,
                      thread const Scale* scales, Tokens tokens, uint rows, uint columns,
                      Tile tile, uint lane, thread float* values) {
  const uint kCount = Tokens::kCount;
  const uint blocks = columns / Policy::kBlock;
  float parts[kCount * Rows];
  for (uint i = 0; i < kCount * Rows; ++i) parts[i] = 0.0f;
  for (uint group = 0; group < Rows; group += Together) {
    if (Rows > Together && tile.row(tile.in_order(group)) >= rows) continue;
    device const typename Policy::Block* row_weights[Together];
    float sums[Together * kCount];
#pragma unroll
    for (uint r = 0; r < Together; ++r) {
      const uint row = tile.row(tile.in_order(group + r));
      row_weights[r] = weights + ulong(min(row, rows - 1)) * blocks;
    }
#pragma unroll
    for (uint i = 0; i < Together * kCount; ++i) sums[i] = 0.0f;
    gemv_columns<Policy, Width, Together>(row_weights, prologue, scales, tokens, 0, columns, lane,
                                          sums);
#pragma unroll
    for (uint r = 0; r < Together; ++r) {
#pragma unroll
      for (uint t = 0; t < kCount; ++t) {
        parts[t * Rows + tile.in_order(group + r)] = sums[r * kCount + t];
      }
    }
  }
  for (uint t = 0; t < kCount; ++t) values[t] = lane_sums<Rows>(parts + t * Rows, lane);
}

/// A product of rows with the input as floats, Rows at a time.
template <class Policy, uint Width, uint Together, uint Rows>
struct FloatProduct {
  FOUNDRY_CONSTANT uint kRows = Rows;
  device const typename Policy::Block* weights;

  template <class Prologue, class Scale, class Tokens, class Tile>
  void find(Prologue prologue, thread const Scale* scales, Tokens tokens, uint rows, uint columns,
            Tile tile, uint lane, thread float* values) const {
    gemv_rows<Policy, Width, Together, Rows>(weights, prologue, scales, tokens, rows, columns,
                                             tile, lane, values);
  }
};

template <class Prologue, class Scale, class Tokens, class Tile>
inline void find_gate(NoGate, Prologue, thread const Scale*, Tokens, uint, uint, Tile, uint,
                      thread float* values) {
#pragma unroll
  for (uint t = 0; t < Tokens::kCount; ++t) values[t] = 0.0f;
}
template <class Product, class Activation, class Value, class Prologue, class Scale, class Tokens,
          class Tile>
inline void find_gate(GatedBy<Product, Activation, Value> gate, Prologue prologue,
                      thread const Scale* scales, Tokens tokens, uint rows, uint columns,
                      Tile tile, uint lane, thread float* values) {
  gate.product.find(prologue, scales, tokens, rows, columns, tile, lane, values);
}

/// What belongs to each token as a factor of its inputs.
template <class Prologue, class Scale, class Tokens>
inline void find_scales(Prologue prologue, Tokens tokens, uint lane, thread Scale* scales) {
#pragma nounroll
  for (uint t = 0; t < Tokens::kCount; ++t) scales[t] = prologue.scale(tokens.at(t), lane);
}

/// Tile `tile` of a product, stored.
template <class Product, class Gate, class Epilogue, class Prologue, class Tokens, class Y>
inline void gemv_tile(Product product, Gate gate, Epilogue epilogue, device Y* y,
                      Prologue prologue, Tokens tokens, uint rows, uint columns, uint tile,
                      uint lane) {
  const uint kCount = Tokens::kCount;
  const NeighbourRows own = {tile * Product::kRows};
  decltype(prologue.scale(0, lane)) scales[kCount];
  find_scales(prologue, tokens, lane, scales);
  float gates[kCount];
  float values[kCount];
  find_gate(gate, prologue, scales, tokens, rows, columns, own, lane, gates);
  product.find(prologue, scales, tokens, rows, columns, own, lane, values);
  const uint row = own.row(lane);
#pragma unroll
  for (uint t = 0; t < kCount; ++t) {
    if (!tokens.has(t)) break;
    if (lane < Product::kRows && row < rows) {
      const uint token = tokens.at(t);
      const float gated = gate.apply(values[t], gates[t], token, row, rows);
      y[token * rows + row] = Y(epilogue.apply(gated, token, row, rows));
    }
  }
}
