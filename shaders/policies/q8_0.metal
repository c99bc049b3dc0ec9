// Q8_0 (GGUF): blocks of 32 signed bytes with one scale; weight i = scale * codes[i].
#pragma once
#include "lib/policy.metal"

struct Q8_0Block {
  half scale;
  char codes[32];
};
static_assert(sizeof(Q8_0Block) == 34, "Q8_0Block must match GGUF's layout");

/// Width: 1, 2, 4 or 8 neighbouring codes of one block.
template <uint Width>
struct Q8_0 {
  using Block = Q8_0Block;
  FOUNDRY_CONSTANT uint kBlock = 32;
  FOUNDRY_CONSTANT uint kLanes = 32 / Width;  // that share a block

  static uint position(uint lane, uint j) { return lane * Width + j; }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    device const Block& block = step[lane / kLanes];
    const uint first = lane % kLanes * Width;
    float sum = 0.0f;
#pragma unroll
    for (uint j = 0; j < Width; ++j) sum += float(block.codes[first + j]) * x[j];
    return float(block.scale) * sum;
  }

  static float value(device const Block& block, uint i) {
    return float(block.scale) * float(block.codes[i]);
  }
};
