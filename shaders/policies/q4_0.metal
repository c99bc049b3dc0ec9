// Q4_0 (GGUF): blocks of 32 four-bit codes with one scale; weight = scale * (code - 8).
// Byte i of a block holds code i in its low half and code i + 16 in its high half.
#pragma once
#include "lib/gemv_input.metal"
#include "lib/policy.metal"

struct Q4_0Block {
  half scale;
  uchar codes[16];
};
static_assert(sizeof(Q4_0Block) == 18, "Q4_0Block must match GGUF's layout");

/// Width 8: both halves of four neighbouring bytes.
template <uint Width>
struct Q4_0 {
  static_assert(Width == 8, "Q4_0 takes 8 weights a lane");
  using Block = Q4_0Block;
  FOUNDRY_CONSTANT uint kBlock = 32;
  FOUNDRY_CONSTANT uint kLanes = 4;  // that share a block

  static uint position(uint lane, uint j) {
    return lane / kLanes * kBlock + lane % kLanes * 4 + j % 4 + j / 4 * 16;
  }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    device const Block& block = step[lane / kLanes];
    const uint codes = even_uint(block.codes + lane % kLanes * 4);
    float sum = 0.0f;
    float total = 0.0f;
#pragma unroll
    for (uint j = 0; j < 4; ++j) {
      sum += float(codes >> 8 * j & 15) * x[j] + float(codes >> (8 * j + 4) & 15) * x[j + 4];
      total += x[j] + x[j + 4];
    }
    return float(block.scale) * (sum - 8.0f * total);
  }

  static float value(device const Block& block, uint i) {
    const uchar pair = block.codes[i % 16];
    const uchar code = i < 16 ? pair & 15 : pair >> 4;
    return float(block.scale) * float(char(code - 8));
  }
};

/// The integer form: sums of (code - 8) * x in 32-bit integers.
struct Q4_0Integer {
  static float dot(device const Q4_0Block* step, uint lane, threadgroup const short2* pairs,
                   float x_scale, float) {
    device const Q4_0Block& block = step[lane / 4];
    const uint codes = any_uint(block.codes + lane % 4 * 4);
    const int sum = dot_bytes(codes & 0x0F0F0F0F, codes >> 4 & 0x0F0F0F0F, 8, pairs);
    return float(block.scale) * x_scale * float(sum);
  }
};
