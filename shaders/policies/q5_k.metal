// Q5_K (GGUF): as Q4_K, with a fifth bit: bit s of byte i of `high` belongs to code i of sub-block s.
#pragma once
#include "lib/gemv_input.metal"
#include "lib/k_scales.metal"
#include "lib/policy.metal"

struct Q5_KBlock {
  half scale;
  half minimum;
  ushort sub_scales[6];
  uchar high[32];
  uchar low[128];
};
static_assert(sizeof(Q5_KBlock) == 176, "Q5_KBlock must match GGUF's layout");

/// Width 8: both halves of four neighbouring bytes; a step is a block.
template <uint Width>
struct Q5_K {
  static_assert(Width == 8, "Q5_K takes 8 weights a lane");
  using Block = Q5_KBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;

  static uint position(uint lane, uint j) {
    return lane / 8 * 64 + lane % 8 * 4 + j % 4 + j / 4 * 32;
  }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    const uint low = aligned_uint(step->low + 4 * lane);
    const uint high = aligned_uint(step->high + lane % 8 * 4) >> lane / 8 * 2;
    float2 sum = 0.0f;
    float2 total = 0.0f;
#pragma unroll
    for (uint j = 0; j < 4; ++j) {
      const uint a = (low >> 8 * j & 15) | (high >> 8 * j & 1) << 4;
      const uint b = (low >> (8 * j + 4) & 15) | (high >> (8 * j + 1) & 1) << 4;
      const float2 pair = float2(x[j], x[j + 4]);
      sum += float2(a, b) * pair;
      total += pair;
    }
    const ushort2 scales = k_scales(step->sub_scales, lane / 8);
    const float2 even = k_scale_of(scales, 0);
    const float2 odd = k_scale_of(scales, 1);
    return float(step->scale) * (even.x * sum.x + odd.x * sum.y) -
           float(step->minimum) * (even.y * total.x + odd.y * total.y);
  }

  static float value(device const Block& block, uint i) {
    const uchar pair = block.low[i / 64 * 32 + i % 32];
    const uchar low = i / 32 % 2 == 0 ? pair & 15 : pair >> 4;
    const uchar high = (block.high[i % 32] >> i / 32 & 1) << 4;
    const float2 sub = k_scale_of(k_scales(block.sub_scales, i / 64), i / 32);
    return float(block.scale) * sub.x * float(uchar(low | high)) - float(block.minimum) * sub.y;
  }
};

/// The integer form: sums of code * x in 32-bit integers; four lanes have a sub-block.
struct Q5_KInteger {
  static float dot(device const Q5_KBlock* block, uint lane, threadgroup const short2* pairs,
                   float x_scale, float x_sum) {
    FOUNDRY_IN_ORDER
    device const uchar* low = block->low + lane / 8 * 32 + lane % 4 * 4;
    device const uchar* high = block->high + lane % 4 * 4;
    const uint shift = lane / 4 % 2 * 4;
    const uint a = any_uint(low) >> shift & 0x0F0F0F0F;
    const uint b = any_uint(low + 16) >> shift & 0x0F0F0F0F;
    const int sum = dot_bytes(a | (any_uint(high) >> lane / 4 & 0x01010101) << 4,
                              b | (any_uint(high + 16) >> lane / 4 & 0x01010101) << 4, 0, pairs);
    const float scale = float(block->scale) * float(k_scale(block->sub_scales, lane / 4));
    const float minimum = float(block->minimum) * float(k_minimum(block->sub_scales, lane / 4));
    return scale * x_scale * float(sum) - minimum * x_sum;
  }
};
