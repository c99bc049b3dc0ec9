// Main: gemv.metal's product, with codes multiplied as integers where a step of 256 columns is whole
// and the inputs are numbers that this can take (lib/gemv_input.metal).
#pragma once
#include "lib/gemv_input.metal"
#include "stages/gemv.metal"

/// As gemv_rows(), one row at a time. Integer is the policy's integer form (lib/policy.metal).
template <class Policy, class Integer, uint Width, uint Rows, class Tile>
inline float gemv_rows_of_pairs(device const typename Policy::Block* weights, InMemory prologue,
                                uint rows, uint columns, Tile tile, uint lane) {
  const uint blocks = columns / Policy::kBlock;
  threadgroup const GemvPairs& pairs = prologue.input->pairs;
  const uint steps = pairs.steps;
  float parts[Rows];
  for (uint i = 0; i < Rows; ++i) {
    const uint r = tile.in_order(i);
    const uint row = tile.row(r);
    parts[r] = 0.0f;
    if (row >= rows) continue;
    device const typename Policy::Block* own = weights + ulong(row) * blocks;
    float sum = 0.0f;
    for (uint step = 0; step < steps; ++step) {
      sum += Integer::dot(own + step * (256 / Policy::kBlock), lane,
                          pairs.values + step * 128 + lane, pairs.scales[step * 32 + lane],
                          pairs.sums[step * 32 + lane]);
    }
    gemv_columns<Policy, Width, 1>(&own, prologue, 1.0f, steps * 256, columns, lane, &sum);
    parts[r] = sum;
  }
  return lane_sums<Rows>(parts, lane);
}

/// A product of rows with the input as pairs of integers, Rows at a time.
template <class Policy, class Integer, uint Width, uint Rows>
struct IntegerProduct {
  FOUNDRY_CONSTANT uint kRows = Rows;
  device const typename Policy::Block* weights;

  template <class Tile>
  float values(InMemory input, float, uint rows, uint columns, Tile tile, uint lane) const {
    return gemv_rows_of_pairs<Policy, Integer, Width, Rows>(weights, input, rows, columns, tile,
                                                            lane);
  }
};
