// Main: gemv.metal's product, with codes multiplied as integers where the inputs are numbers that this
// can take: as pairs (lib/gemv_input.metal), in steps of 256 columns that are whole, or as bytes
// (lib/gemv_bytes.metal).
#pragma once
#include "lib/gemv_bytes.metal"
#include "stages/gemv.metal"

/// How the sums of a row's first `steps` * 256 columns are found. Integer is the policy's form for
/// pairs (lib/policy.metal).
template <class PolicyOfRows, class Integer>
struct ByPairs {
  using Policy = PolicyOfRows;

  template <uint Count, class Tokens>
  static void add(device const typename Policy::Block* row, InMemory<Count> prologue, Tokens tokens,
                  uint steps, uint lane, thread float* sums) {
    threadgroup const GemvPairs& pairs = prologue.input->pairs;
    for (uint step = 0; step < steps; ++step) {
#pragma unroll
      for (uint t = 0; t < Tokens::kCount; ++t) {
        const uint part = prologue.part(tokens.at(t));
        sums[t] += Integer::dot(row + step * (256 / Policy::kBlock), lane,
                                pairs.values + part / 2 + step * 128 + lane,
                                pairs.scales[part / 8 + step * 32 + lane],
                                pairs.sums[part / 8 + step * 32 + lane]);
      }
    }
  }
};

/// Bytes is the policy's form for bytes; steps are blocks.
template <class PolicyOfRows, class Bytes>
struct ByBytes {
  using Policy = PolicyOfRows;

  template <uint Count, class Tokens>
  static void add(device const typename Policy::Block* row, InMemory<Count> prologue, Tokens tokens,
                  uint steps, uint lane, thread float* sums) {
    uint first = 0;
    for (; first + 4 <= steps; first += 4) add_blocks(row, prologue, tokens, first, lane, sums);
    if (first + lane / 8 < steps) add_blocks(row, prologue, tokens, first, lane, sums);
  }

  template <uint Count, class Tokens>
  static void add_blocks(device const typename Policy::Block* row, InMemory<Count> prologue,
                         Tokens tokens, uint first, uint lane, thread float* sums) {
#pragma unroll
    for (uint t = 0; t < Tokens::kCount; ++t) {
      const uint part = prologue.part(tokens.at(t));
      sums[t] += Bytes::dot(row[first + lane / 8], lane,
                            lane_bytes(prologue.input->bytes, part, first, lane));
    }
  }
};

/// The sums of a row: those of the whole steps by integers, then what is left.
template <class Integers, uint Width, uint Count, class Tokens>
inline void add_integers(device const typename Integers::Policy::Block* row,
                         InMemory<Count> prologue, Tokens tokens, uint steps, uint columns,
                         uint lane, thread float* sums) {
  float scales[Tokens::kCount];
#pragma unroll
  for (uint t = 0; t < Tokens::kCount; ++t) scales[t] = 1.0f;
  Integers::add(row, prologue, tokens, steps, lane, sums);
  gemv_columns<typename Integers::Policy, Width, 1>(&row, prologue, scales, tokens, steps * 256,
                                                    columns, lane, sums);
}

/// As gemv_rows(), one row at a time.
template <class Integers, uint Width, uint Rows, uint Count, class Tokens, class Tile>
inline void gemv_rows_of_integers(device const typename Integers::Policy::Block* weights,
                                  InMemory<Count> prologue, Tokens tokens, uint rows, uint columns,
                                  Tile tile, uint lane, thread float* values) {
  const uint kCount = Tokens::kCount;
  const uint blocks = columns / Integers::Policy::kBlock;
  threadgroup const uint* steps = prologue.input->steps;
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
      device const typename Integers::Policy::Block* own = weights + ulong(row) * blocks;
      if (is_common) {
        add_integers<Integers, Width>(own, prologue, tokens, common, columns, lane, sums);
      } else {
        for (uint t = 0; t < kCount; ++t) {
          const OneToken one = {tokens.at(t)};
          add_integers<Integers, Width>(own, prologue, one, steps[one.token - prologue.first],
                                        columns, lane, sums + t);
        }
      }
    }
#pragma unroll
    for (uint t = 0; t < kCount; ++t) parts[t * Rows + r] = sums[t];
  }
  for (uint t = 0; t < kCount; ++t) values[t] = lane_sums<Rows>(parts + t * Rows, lane);
}

/// A product of rows with the input as integers, Rows at a time. Integers is ByPairs or ByBytes.
template <class Integers, uint Width, uint Rows>
struct IntegerProduct {
  FOUNDRY_CONSTANT uint kRows = Rows;
  device const typename Integers::Policy::Block* weights;

  template <uint Count, class Tokens, class Tile>
  void find(InMemory<Count> input, thread const float*, Tokens tokens, uint rows, uint columns,
            Tile tile, uint lane, thread float* values) const {
    gemv_rows_of_integers<Integers, Width, Rows>(weights, input, tokens, rows, columns,
                                                         tile, lane, values);
  }
};
