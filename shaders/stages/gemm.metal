// Main: y[token, row] = sum over k of weights[row, k] * x[token, k], for many tokens.
//
// A threadgroup takes 32 tokens; each of its simdgroups kGemmRows rows. A lane is a token: the
// inner loop multiplies 32 inputs by one weight, which all lanes read from the same address of
// threadgroup memory. That is a broadcast on a GPU, and one fused multiply-add per vector on a CPU.
// Weights are decoded once per 32 tokens, with lanes on neighbouring weights; the input is turned
// from (token, k) to (k, token) on its way into threadgroup memory, once for all simdgroups.
#pragma once
#include "lib/policy.metal"

FOUNDRY_GLOBAL uint kGemmTokens = 32;
FOUNDRY_GLOBAL uint kGemmDepth = 32;  // of k in one round
FOUNDRY_GLOBAL uint kGemmRows = 8;    // of a simdgroup
FOUNDRY_GLOBAL uint kGemmSimdgroups = 8;
FOUNDRY_GLOBAL uint kGemmPitch = 33;  // odd, so that a turned column touches every bank

struct GemmMemory {
  float x[kGemmDepth * kGemmPitch];
  float weights[kGemmSimdgroups * kGemmRows * kGemmDepth];
  float scales[kGemmTokens];
};

/// sums[r] of lane l becomes output (token + l, row + r). Rows and tokens beyond the end compute
/// something that must not be stored. Every simdgroup of the threadgroup must call it.
template <class Policy, class Prologue>
inline void gemm_tile(device const typename Policy::Block* weights, Prologue prologue, uint tokens,
                      uint rows, uint columns, uint token, uint row, threadgroup GemmMemory& memory,
                      uint simdgroup, uint lane, thread float* sums) {
  threadgroup float* own_weights = memory.weights + simdgroup * kGemmRows * kGemmDepth;
  const uint blocks = columns / Policy::kBlock;
  for (uint t = simdgroup; t < kGemmTokens; t += kGemmSimdgroups) {
    const float scale = prologue.scale(min(token + t, tokens - 1), lane);
    if (lane == 0) memory.scales[t] = scale;
  }
  for (uint r = 0; r < kGemmRows; ++r) sums[r] = 0.0f;

  for (uint first = 0; first < columns; first += kGemmDepth) {
    const bool inside = first + lane < columns;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint t = simdgroup; t < kGemmTokens; t += kGemmSimdgroups) {
      float x = 0.0f;
      if (inside && token + t < tokens) x = prologue.at(token + t, first + lane, memory.scales[t]);
      memory.x[lane * kGemmPitch + t] = x;
    }
    for (uint r = 0; r < kGemmRows; ++r) {
      device const typename Policy::Block* row_weights =
          weights + ulong(min(row + r, rows - 1)) * blocks;
      own_weights[r * kGemmDepth + lane] =
          inside ? weight_of_lane<Policy>(row_weights, first, lane) : 0.0f;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint k = 0; k < kGemmDepth; ++k) {
      const float x = memory.x[k * kGemmPitch + lane];
#pragma unroll
      for (uint r = 0; r < kGemmRows; ++r) sums[r] += own_weights[r * kGemmDepth + k] * x;
    }
  }
}
