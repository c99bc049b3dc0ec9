// Q5_1 (GGUF): blocks of 32 five-bit codes with a scale and a minimum; weight = scale * code +
// minimum. Byte i of a block holds the low four bits of code i in its low half and those of code
// i + 16 in its high half; bit i of the four bytes before them is the fifth bit of code i.
#pragma once
#include "lib/gemv_input.metal"
#include "lib/policy.metal"

struct Q5_1Block {
  half scale;
  half minimum;
  uchar high[4];
  uchar low[16];
};
static_assert(sizeof(Q5_1Block) == 24, "Q5_1Block must match GGUF's layout");

/// Width 8: both halves of four neighbouring bytes.
template <uint Width>
struct Q5_1 {
  static_assert(Width == 8, "Q5_1 takes 8 weights a lane");
  using Block = Q5_1Block;
  FOUNDRY_CONSTANT uint kBlock = 32;
  FOUNDRY_CONSTANT uint kLanes = 4;  // that share a block

  static uint position(uint lane, uint j) {
    return lane / kLanes * kBlock + lane % kLanes * 4 + j % 4 + j / 4 * 16;
  }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    device const Block& block = step[lane / kLanes];
    const uint first = lane % kLanes * 4;
    const uint low = aligned_uint(block.low + first);
    const uint high = aligned_uint(block.high) >> first;
    float sum = 0.0f;
    float total = 0.0f;
#pragma unroll
    for (uint j = 0; j < 4; ++j) {
      const uint a = (low >> 8 * j & 15) | (high >> j & 1) << 4;
      const uint b = (low >> (8 * j + 4) & 15) | (high >> (j + 16) & 1) << 4;
      sum += float(a) * x[j] + float(b) * x[j + 4];
      total += x[j] + x[j + 4];
    }
    return float(block.scale) * sum + float(block.minimum) * total;
  }

  static float value(device const Block& block, uint i) {
    const uchar pair = block.low[i % 16];
    const uchar low = i < 16 ? pair & 15 : pair >> 4;
    const uchar high = (block.high[i / 8] & 1 << i % 8) != 0 ? 16 : 0;
    return float(block.scale) * float(uchar(low | high)) + float(block.minimum);
  }
};

/// The integer form: sums of code * x in 32-bit integers.
struct Q5_1Integer {
  static float dot(device const Q5_1Block* step, uint lane, threadgroup const short2* pairs,
                   float x_scale, float x_sum) {
    device const Q5_1Block& block = step[lane / 4];
    const uint codes = any_uint(block.low + lane % 4 * 4);
    const uint bits = any_uint(block.high) >> lane % 4 * 4;
    const int sum = dot_bytes((codes & 0x0F0F0F0F) | fifth_bits(bits),
                              (codes >> 4 & 0x0F0F0F0F) | fifth_bits(bits >> 16), 0, pairs);
    return float(block.scale) * x_scale * float(sum) + float(block.minimum) * x_sum;
  }
};
