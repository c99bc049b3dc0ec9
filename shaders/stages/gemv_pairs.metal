// Main: gemv.metal's product, with codes multiplied as integers where a step of 256 columns is whole
// and the inputs are numbers that this can take (lib/gemv_input.metal).
#pragma once
#include "lib/gemv_input.metal"
#include "stages/gemv.metal"

/// The sums of a row: those of the whole steps by integers, then what is left.
template <class Policy, class Integer, uint Width, uint Count, class Tokens>
inline void add_pairs(device const typename Policy::Block* row, InMemory<Count> prologue,
                      Tokens tokens, uint steps, uint columns, uint lane, thread float* sums) {
  threadgroup const GemvPairs& pairs = prologue.input->pairs;
  float scales[Tokens::kCount];
  uint parts[Tokens::kCount];
#pragma unroll
  for (uint t = 0; t < Tokens::kCount; ++t) {
    scales[t] = 1.0f;
    parts[t] = (tokens.at(t) - prologue.first) * InMemory<Count>::kColumns;
  }
  for (uint step = 0; step < steps; ++step) {
#pragma unroll
    for (uint t = 0; t < Tokens::kCount; ++t) {
      sums[t] += Integer::dot(row + step * (256 / Policy::kBlock), lane,
                              pairs.values + parts[t] / 2 + step * 128 + lane,
                              pairs.scales[parts[t] / 8 + step * 32 + lane],
                              pairs.sums[parts[t] / 8 + step * 32 + lane]);
    }
  }
  gemv_columns<Policy, Width, 1>(&row, prologue, scales, tokens, steps * 256, columns, lane, sums);
}

/// As gemv_rows(), one row at a time. Integer is the policy's integer form (lib/policy.metal).
template <class Policy, class Integer, uint Width, uint Rows, uint Count, class Tokens, class Tile>
inline void gemv_rows_of_pairs(device const typename Policy::Block* weights,
                               InMemory<Count> prologue, Tokens tokens, uint rows, uint columns,
                               Tile tile, uint lane, thread float* values) {
  const uint kCount = Tokens::kCount;
  const uint blocks = columns / Policy::kBlock;
  threadgroup const uint* steps = prologue.input->pairs.steps;
  const uint common = steps[0];
  bool is_common = true;
  for (uint t = 1; t < kCount; ++t) {
    is_common = is_common && steps[tokens.at(t) - prologue.first] == common;
  }
  float parts[kCount * Rows];
  for (uint i = 0; i < Rows; ++i) {
    const uint r = tile.in_order(i);
    const uint row = tile.row(r);
    float sums[kCount];
#pragma unroll
    for (uint t = 0; t < kCount; ++t) sums[t] = 0.0f;
    if (row < rows) {
      device const typename Policy::Block* own = weights + ulong(row) * blocks;
      if (is_common) {
        add_pairs<Policy, Integer, Width>(own, prologue, tokens, common, columns, lane, sums);
      } else {
        for (uint t = 0; t < kCount; ++t) {
          const OneToken one = {tokens.at(t)};
          add_pairs<Policy, Integer, Width>(own, prologue, one, steps[one.token - prologue.first],
                                            columns, lane, sums + t);
        }
      }
    }
#pragma unroll
    for (uint t = 0; t < kCount; ++t) parts[t * Rows + r] = sums[t];
  }
  for (uint t = 0; t < kCount; ++t) values[t] = lane_sums<Rows>(parts + t * Rows, lane);
}

/// A product of rows with the input as pairs of integers, Rows at a time.
template <class Policy, class Integer, uint Width, uint Rows>
struct IntegerProduct {
  FOUNDRY_CONSTANT uint kRows = Rows;
  device const typename Policy::Block* weights;

  template <uint Count, class Tokens, class Tile>
  void find(InMemory<Count> input, thread const float*, Tokens tokens, uint rows, uint columns,
            Tile tile, uint lane, thread float* values) const {
    gemv_rows_of_pairs<Policy, Integer, Width, Rows>(weights, input, tokens, rows, columns, tile,
                                                     lane, values);
  }
};
