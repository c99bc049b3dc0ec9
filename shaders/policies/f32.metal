// F32: weights stored as float, in order.
#pragma once
#include "lib/policy.metal"

template <uint Width>
struct F32 {
  using Block = float;
  FOUNDRY_CONSTANT uint kBlock = 1;

  static uint position(uint lane, uint j) { return lane * Width + j; }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    float sum = 0.0f;
#pragma unroll
    for (uint j = 0; j < Width; ++j) sum += float(step[lane * Width + j]) * x[j];
    return sum;
  }

  static float value(Block weight, uint) { return float(weight); }
};
