// Q4_0 (GGUF): blocks of 32 four-bit codes with one scale; weight = scale * (code - 8).
// Byte i of a block holds code i in its low half and code i + 16 in its high half.
#pragma once
#include "lib/policy.metal"

struct Q4_0Block {
  half scale;
  uchar codes[16];
};
static_assert(sizeof(Q4_0Block) == 18, "Q4_0Block must match GGUF's layout");

/// Width: 2, 4, 8 or 16 weights: both halves of Width / 2 neighbouring bytes.
template <uint Width>
struct Q4_0 {
  using Block = Q4_0Block;
  FOUNDRY_CONSTANT uint kBlock = 32;
  FOUNDRY_CONSTANT uint kLanes = 32 / Width;  // that share a block
  FOUNDRY_CONSTANT uint kBytes = Width / 2;

  static uint position(uint lane, uint j) {
    const uint code = lane % kLanes * kBytes + (j < kBytes ? j : 16 + j - kBytes);
    return lane / kLanes * kBlock + code;
  }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    device const Block& block = step[lane / kLanes];
    const uint first = lane % kLanes * kBytes;
    float sum = 0.0f;
    float total = 0.0f;
#pragma unroll
    for (uint j = 0; j < kBytes; ++j) {
      const uint codes = block.codes[first + j];
      sum += float(codes & 15) * x[j] + float(codes >> 4) * x[j + kBytes];
      total += x[j] + x[j + kBytes];
    }
    return float(block.scale) * (sum - 8.0f * total);
  }

  static float value(device const Block& block, uint i) {
    const uint code = block.codes[i & 15] >> (i / 16 * 4) & 15;
    return float(block.scale) * (float(code) - 8.0f);
  }
};
