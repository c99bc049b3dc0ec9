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

/// Width 8: both halves of four neighbouring bytes.
template <uint Width>
struct Q4_1 {
  static_assert(Width == 8, "Q4_1 takes 8 weights a lane");
  using Block = Q4_1Block;
  FOUNDRY_CONSTANT uint kBlock = 32;
  FOUNDRY_CONSTANT uint kLanes = 4;  // that share a block

  static uint position(uint lane, uint j) {
    return lane / kLanes * kBlock + lane % kLanes * 4 + j % 4 + j / 4 * 16;
  }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    device const Block& block = step[lane / kLanes];
    const uint codes = aligned_uint(block.codes + lane % kLanes * 4);
    float sum = 0.0f;
    float total = 0.0f;
#pragma unroll
    for (uint j = 0; j < 4; ++j) {
      sum += float(codes >> 8 * j & 15) * x[j] + float(codes >> (8 * j + 4) & 15) * x[j + 4];
      total += x[j] + x[j + 4];
    }
    return float(block.scale) * sum + float(block.minimum) * total;
  }

  static float value(device const Block& block, uint i) {
    const uchar pair = block.codes[i % 16];
    const uchar code = i < 16 ? pair & 15 : pair >> 4;
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
