// Main: y[token, row] = sum over k of weights[row, k] * x[token, k], for many tokens, on the GPU's
// matrix units. stages/gemm.metal is the same for devices whose lanes have none.
//
// A threadgroup takes kMatrixTokens x kMatrixRows results, its simdgroups a quarter each: 2 x 4
// matrices of 8 x 8, so that six loads feed eight products. Input and weights pass through
// threadgroup memory, weights decoded to float on the way, lanes on neighbouring k. Results go back
// through the same memory, so that epilogues and stores run with lanes on neighbouring rows.
#pragma once
#include <metal_simdgroup_matrix>

#include "lib/policy.metal"
#include "lib/products.metal"

FOUNDRY_GLOBAL uint kMatrixTokens = 32;
FOUNDRY_GLOBAL uint kMatrixRows = 64;
FOUNDRY_GLOBAL uint kMatrixDepth = 32;  // of k in one round
FOUNDRY_GLOBAL uint kMatrixSimdgroups = 4;
FOUNDRY_GLOBAL uint kMatrixPitch = 36;  // of k: neighbouring rows start in different banks

struct MatrixMemory {
  // Tokens and then rows of one round; after the last round results, (token, row).
  float values[(kMatrixTokens + kMatrixRows) * kMatrixPitch];
};
static_assert((kMatrixTokens + kMatrixRows) * kMatrixPitch >= kMatrixTokens * kMatrixRows,
              "results fit where the operands were");

/// results[t * kMatrixRows + r] becomes output (token + t, row + r); `results` may be the operands'
/// memory. Rows and tokens beyond the end compute something that must not be stored. Every thread
/// of the threadgroup must call it, and may read the results after a barrier that it ends with.
template <class Policy, class Prologue, class Scale>
inline void gemm_matrices(device const typename Policy::Block* weights, Prologue prologue,
                          uint tokens, uint rows, uint columns, uint token, uint row,
                          threadgroup MatrixMemory& memory, threadgroup Scale* scales,
                          threadgroup float* results, uint simdgroup, uint lane) {
  const uint kWide = 4;  // matrices of a simdgroup along rows
  const uint kHigh = 2;  // and along tokens
  threadgroup float* x_tile = memory.values;
  threadgroup float* weight_tile = memory.values + kMatrixTokens * kMatrixPitch;
  const uint blocks = columns / Policy::kBlock;
  const uint own_token = simdgroup / 2 * (kHigh * 8);
  const uint own_row = simdgroup % 2 * (kWide * 8);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint t = simdgroup; t < kMatrixTokens; t += kMatrixSimdgroups) {
    const Scale scale = prologue.scale(min(token + t, tokens - 1), lane);
    if (lane == 0) scales[t] = scale;
  }
  simdgroup_float8x8 sums[kHigh * kWide];
#pragma unroll
  for (uint i = 0; i < kHigh * kWide; ++i) sums[i] = make_filled_simdgroup_matrix<float, 8>(0.0f);

  for (uint first = 0; first < columns; first += kMatrixDepth) {
    const bool inside = first + lane < columns;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint t = simdgroup; t < kMatrixTokens; t += kMatrixSimdgroups) {
      float x = 0.0f;
      if (inside && token + t < tokens) x = prologue.at(token + t, first + lane, scales[t]);
      x_tile[t * kMatrixPitch + lane] = x;
    }
    for (uint r = simdgroup; r < kMatrixRows; r += kMatrixSimdgroups) {
      device const typename Policy::Block* row_weights =
          weights + ulong(min(row + r, rows - 1)) * blocks;
      weight_tile[r * kMatrixPitch + lane] =
          inside ? weight_of_lane<Policy>(row_weights, first, lane) : 0.0f;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
#pragma unroll
    for (uint k = 0; k < kMatrixDepth; k += 8) {
      simdgroup_float8x8 x[kHigh];
      simdgroup_float8x8 w[kWide];
#pragma unroll
      for (uint i = 0; i < kHigh; ++i) {
        simdgroup_load(x[i], x_tile + (own_token + i * 8) * kMatrixPitch + k, kMatrixPitch);
      }
#pragma unroll
      for (uint j = 0; j < kWide; ++j) {
        simdgroup_load(w[j], weight_tile + (own_row + j * 8) * kMatrixPitch + k, kMatrixPitch,
                       ulong2(0, 0), true);
      }
#pragma unroll
      for (uint i = 0; i < kHigh; ++i) {
#pragma unroll
        for (uint j = 0; j < kWide; ++j) {
          simdgroup_multiply_accumulate(sums[i * kWide + j], x[i], w[j], sums[i * kWide + j]);
        }
      }
    }
  }

  threadgroup_barrier(mem_flags::mem_threadgroup);
#pragma unroll
  for (uint i = 0; i < kHigh; ++i) {
#pragma unroll
    for (uint j = 0; j < kWide; ++j) {
      simdgroup_store(sums[i * kWide + j],
                      results + (own_token + i * 8) * kMatrixRows + own_row + j * 8, kMatrixRows);
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
}

template <class Policy>
struct MatrixProduct {
  FOUNDRY_CONSTANT uint kRows = kMatrixRows;
  device const typename Policy::Block* weights;

  template <class Prologue, class Scale>
  void results(Prologue prologue, uint tokens, uint rows, uint columns, uint token, uint row,
               threadgroup MatrixMemory& memory, threadgroup Scale* scales,
               threadgroup float* results, uint simdgroup, uint lane) const {
    gemm_matrices<Policy>(weights, prologue, tokens, rows, columns, token, row, memory, scales,
                          results, simdgroup, lane);
  }
};

template <class Prologue, class Scale>
inline void gate_results(NoGate, Prologue, uint, uint, uint, uint, uint,
                         threadgroup MatrixMemory&, threadgroup Scale*, threadgroup float*, uint,
                         uint) {}
template <class Product, class Activation, class Value, class Prologue, class Scale>
inline void gate_results(GatedBy<Product, Activation, Value> gate, Prologue prologue, uint tokens,
                         uint rows, uint columns, uint token, uint row,
                         threadgroup MatrixMemory& memory, threadgroup Scale* scales,
                         threadgroup float* results, uint simdgroup, uint lane) {
  gate.product.results(prologue, tokens, rows, columns, token, row, memory, scales, results,
                       simdgroup, lane);
}

/// Tile `tile` of a product for the tokens from `token` on, stored where `places` says. `gates`:
/// room for a gate's results. Every thread of the threadgroup must call it.
template <class Product, class Gate, class Epilogue, class Prologue, class Places, class Scale,
          class Y>
inline void matrix_tile(Product product, Gate gate, Epilogue epilogue, device Y* y,
                        Prologue prologue, Places places, uint tokens, uint rows, uint columns,
                        uint tile, uint token, threadgroup MatrixMemory& memory,
                        threadgroup Scale* scales, threadgroup float* gates, uint simdgroup,
                        uint lane) {
  const uint row = tile * Product::kRows;
  gate_results(gate, prologue, tokens, rows, columns, token, row, memory, scales, gates, simdgroup,
               lane);
  product.results(prologue, tokens, rows, columns, token, row, memory, scales, memory.values,
                  simdgroup, lane);
  for (uint i = simdgroup * 32 + lane; i < kMatrixTokens * kMatrixRows;
       i += kMatrixSimdgroups * 32) {
    const uint own_token = token + i / kMatrixRows;
    const uint own_row = row + i % kMatrixRows;
    if (own_token >= tokens || own_row >= rows) continue;
    const float gate_value = Gate::kGates ? gates[i] : 0.0f;
    const uint result = places.row(own_token);
    const float gated = gate.apply(memory.values[i], gate_value, result, own_row, rows);
    y[places.at(result, own_row, rows)] = Y(epilogue.apply(gated, result, own_row, rows));
  }
}
