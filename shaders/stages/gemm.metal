// Main: y[token, row] = sum over k of weights[row, k] * x[token, k], for many tokens, on devices
// with narrow lanes (fusion/policy.hpp). stages/gemm_matrices.metal is the same for GPUs.
//
// A threadgroup is one simdgroup and takes kGemmTokens x kGemmRows results, whose sums lie in
// threadgroup memory, the processor's first cache. A lane is a token: one weight, read from one
// address, multiplies 32 inputs, which is a broadcast and one fused multiply-add per register.
// Weights are decoded a few rows at a time with lanes on neighbouring k, once for all tokens. Input
// and results change between lanes on k or rows and lanes on tokens through turn_block(): scattering
// them to memory took as long as the products.
#pragma once
#include "lib/policy.metal"
#include "lib/products.metal"
#include "lib/turn_block.metal"

FOUNDRY_GLOBAL uint kGemmTokens = 64;
FOUNDRY_GLOBAL uint kGemmRows = 64;
FOUNDRY_GLOBAL uint kGemmDepth = 32;   // of k in one round: a lane each
FOUNDRY_GLOBAL uint kGemmDecoded = 8;  // rows at a time

struct GemmMemory {
  float x[kGemmDepth * kGemmTokens];         // (k, token)
  float weights[kGemmDecoded * kGemmDepth];  // (row, k)
  // Blocks of 32 x 32, (rows, tokens): row by row of a block lanes on tokens; in the end token by
  // token, lanes on rows.
  float sums[kGemmRows * kGemmTokens];
};

/// Where the 32 sums of (row, tokens 32 t to 32 t + 31) are, of kGemmRows rows; in the end those of
/// (token r % 32 of the block, rows).
inline uint gemm_place(uint row, uint t) {
  return (row / 32 * (kGemmTokens / 32) + t) * 1024 + row % 32 * 32;
}

/// Blocks of 32 tokens that are not all beyond the end.
inline uint gemm_token_blocks(uint tokens, uint token) {
  return min(kGemmTokens / 32, (tokens - token + 31) / 32);
}

template <class Prologue, class Scale>
inline void gemm_begin(Prologue prologue, uint tokens, uint token, threadgroup GemmMemory& memory,
                       threadgroup Scale* scales, uint lane) {
  for (uint t = 0; t < min(kGemmTokens, tokens - token); ++t) {
    const Scale scale = prologue.scale(token + t, lane);
    if (lane == 0) scales[t] = scale;
  }
  for (uint i = lane; i < kGemmRows * kGemmTokens; i += 32) memory.sums[i] = 0.0f;
  simdgroup_barrier(mem_flags::mem_threadgroup);
}

/// The input of a round, columns `first` to first + 31. Tokens beyond the end repeat the last.
template <class Prologue, class Scale>
inline void gemm_input(Prologue prologue, uint tokens, uint columns, uint token, uint first,
                       threadgroup GemmMemory& memory, threadgroup const Scale* scales,
                       uint lane) {
  const bool inside = first + lane < columns;
  simdgroup_barrier(mem_flags::mem_threadgroup);
  for (uint block = 0; block < gemm_token_blocks(tokens, token); ++block) {
    float x[32];
#pragma unroll
    for (uint t = 0; t < 32; ++t) {
      const uint own = min(block * 32 + t, tokens - token - 1);
      x[t] = inside ? prologue.at(token + own, first + lane, scales[own]) : 0.0f;
    }
    turn_block(x, lane);
#pragma unroll
    for (uint k = 0; k < 32; ++k) memory.x[k * kGemmTokens + block * 32 + lane] = x[k];
  }
  simdgroup_barrier(mem_flags::mem_threadgroup);
}

/// Adds a round's products to the sums `slot` to slot + Rows - 1: those of rows `row` and on. Rows
/// beyond the end repeat the last. Together: rows whose sums are in registers at once.
template <class Policy, uint Rows, uint Together>
inline void gemm_round(device const typename Policy::Block* weights, uint rows, uint columns,
                       uint row, uint first, uint token_blocks, uint slot,
                       threadgroup GemmMemory& memory, uint lane) {
  const uint blocks = columns / Policy::kBlock;
  const bool inside = first + lane < columns;
  for (uint group = 0; group < Rows; group += kGemmDecoded) {
#pragma unroll
    for (uint r = 0; r < kGemmDecoded; ++r) {
      device const typename Policy::Block* own =
          weights + ulong(min(row + group + r, rows - 1)) * blocks;
      memory.weights[r * kGemmDepth + lane] =
          inside ? weight_of_lane<Policy>(own, first, lane) : 0.0f;
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
    for (uint block = 0; block < token_blocks; ++block) {
      threadgroup const float* x = memory.x + block * 32 + lane;
#pragma unroll
      for (uint r = 0; r < kGemmDecoded; r += Together) {
        threadgroup const float* own = memory.weights + r * kGemmDepth;
        threadgroup float* place = memory.sums + gemm_place(slot + group + r, block) + lane;
        float sums[Together];
#pragma unroll
        for (uint i = 0; i < Together; ++i) sums[i] = place[i * 32];
#pragma unroll
        for (uint k = 0; k < kGemmDepth; ++k) {
          const float value = x[k * kGemmTokens];
#pragma unroll
          for (uint i = 0; i < Together; ++i) sums[i] += own[i * kGemmDepth + k] * value;
        }
#pragma unroll
        for (uint i = 0; i < Together; ++i) place[i * 32] = sums[i];
      }
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
  }
}

/// Turns the sums, so that results are stored with lanes on neighbouring rows.
inline void gemm_end(uint token_blocks, threadgroup GemmMemory& memory, uint lane) {
  for (uint rows = 0; rows < kGemmRows / 32; ++rows) {
    for (uint block = 0; block < token_blocks; ++block) {
      threadgroup float* place = memory.sums + gemm_place(rows * 32, block) + lane;
      float sums[32];
#pragma unroll
      for (uint r = 0; r < 32; ++r) sums[r] = place[r * 32];
      turn_block(sums, lane);
#pragma unroll
      for (uint t = 0; t < 32; ++t) place[t * 32] = sums[t];
    }
  }
  simdgroup_barrier(mem_flags::mem_threadgroup);
}

/// A product of Rows rows, Together of them with their sums in registers at once.
template <class Policy, uint Rows, uint Together>
struct LanesProduct {
  FOUNDRY_CONSTANT uint kRows = Rows;
  device const typename Policy::Block* weights;

  void round(uint rows, uint columns, uint row, uint first, uint token_blocks, uint slot,
             threadgroup GemmMemory& memory, uint lane) const {
    gemm_round<Policy, Rows, Together>(weights, rows, columns, row, first, token_blocks, slot,
                                       memory, lane);
  }
};

inline void gate_round(NoGate, uint, uint, uint, uint, uint, threadgroup GemmMemory&, uint) {}
template <class Product, class Activation, class Value>
inline void gate_round(GatedBy<Product, Activation, Value> gate, uint rows, uint columns, uint row,
                       uint first, uint token_blocks, threadgroup GemmMemory& memory, uint lane) {
  gate.product.round(rows, columns, row, first, token_blocks, 0, memory, lane);
}

/// Tile `tile` of a product for the tokens from `token` on, stored where `places` says.
template <class Product, class Gate, class Epilogue, class Prologue, class Places, class Scale,
          class Y>
inline void gemm_tile(Product product, Gate gate, Epilogue epilogue, device Y* y,
                      Prologue prologue, Places places, uint tokens, uint rows, uint columns,
                      uint tile, uint token, threadgroup GemmMemory& memory,
                      threadgroup Scale* scales, uint lane) {
  const uint row = tile * Product::kRows;
  const uint slot = Gate::kGates ? Product::kRows : 0;  // the gate's sums come first
  const uint token_blocks = gemm_token_blocks(tokens, token);
  gemm_begin(prologue, tokens, token, memory, scales, lane);
  for (uint first = 0; first < columns; first += kGemmDepth) {
    gemm_input(prologue, tokens, columns, token, first, memory, scales, lane);
    gate_round(gate, rows, columns, row, first, token_blocks, memory, lane);
    product.round(rows, columns, row, first, token_blocks, slot, memory, lane);
  }
  gemm_end(token_blocks, memory, lane);
  for (uint r = 0; r < Product::kRows; r += 32) {
    const uint own = row + r + lane;
    if (own >= rows) continue;
    for (uint t = 0; t < min(kGemmTokens, tokens - token); ++t) {
      const uint place = t % 32 * 32 + lane;
      const float value = memory.sums[gemm_place(r + slot, t / 32) + place];
      const float gate_value = Gate::kGates ? memory.sums[gemm_place(r, t / 32) + place] : 0.0f;
      const uint result = places.row(token + t);
      const float gated = gate.apply(value, gate_value, result, own, rows);
      y[places.at(result, own, rows)] = Y(epilogue.apply(gated, result, own, rows));
    }
  }
}
