// Q4_1 (GGUF): blocks of 32 four-bit codes with a scale and a minimum; weight = scale * code +
// minimum. Byte i of a block holds code i in its low half and code i + 16 in its high half.
#pragma once
#include "lib/gemv_input.metal"
#include "lib/policy.metal"

struct Q4_1Block {
  half scale;
  half minimum;
  uchar codes[16];
};
static_assert(sizeof(Q4_1Block) == 20, "Q4_1Block must match GGUF's layout");

/// Width: 2, 4, 8 or 16 weights: both halves of Width / 2 neighbouring bytes.
template <uint Width>
struct Q4_1 {
  using Block = Q4_1Block;
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
    return float(block.scale) * sum + float(block.minimum) * total;
  }

  static float value(device const Block& block, uint i) {
    const uint code = block.codes[i & 15] >> (i / 16 * 4) & 15;
    return float(block.scale) * float(code) + float(block.minimum);
  }
};

/// The integer form: sums of code * x in 32-bit integers.
struct Q4_1Integer {
  static float dot(device const Q4_1Block* step, uint lane, threadgroup const short2* pairs,
                   float x_scale, float x_sum) {
    device const Q4_1Block& block = step[lane / 4];
    const uint codes = *reinterpret_cast<device const uint*>(block.codes + lane % 4 * 4);
    return float(block.scale) * x_scale * float(dot_nibbles(codes, pairs)) +
           float(block.minimum) * x_sum;
  }
};
