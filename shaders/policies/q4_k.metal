// Q4_K (GGUF): blocks of 256 four-bit codes in eight sub-blocks of 32, each with a six-bit scale and
// a six-bit minimum; weight = scale * sub_scale * code - minimum * sub_minimum. Byte i of a run of
// 32 holds code i of an even sub-block in its low half and code i of the next one in its high half.
#pragma once
#include "lib/gemv_input.metal"
#include "lib/k_scales.metal"
#include "lib/policy.metal"

struct Q4_KBlock {
  half scale;
  half minimum;
  ushort sub_scales[6];
  uchar codes[128];
};
static_assert(sizeof(Q4_KBlock) == 144, "Q4_KBlock must match GGUF's layout");

/// Width 8: both halves of four neighbouring bytes; a step is a block.
template <uint Width>
struct Q4_K {
  static_assert(Width == 8, "Q4_K takes 8 weights a lane");
  using Block = Q4_KBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;

  static uint position(uint lane, uint j) {
    return lane / 8 * 64 + lane % 8 * 4 + j % 4 + j / 4 * 32;
  }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    const uint codes = aligned_uint(step->codes + 4 * lane);
    float2 sum = 0.0f;
    float2 total = 0.0f;
#pragma unroll
    for (uint j = 0; j < 4; ++j) {
      const float2 pair = float2(x[j], x[j + 4]);
      sum += float2(codes >> 8 * j & 15, codes >> (8 * j + 4) & 15) * pair;
      total += pair;
    }
    const ushort2 scales = k_scales(step->sub_scales, lane / 8);
    const float2 even = k_scale_of(scales, 0);
    const float2 odd = k_scale_of(scales, 1);
    return float(step->scale) * (even.x * sum.x + odd.x * sum.y) -
           float(step->minimum) * (even.y * total.x + odd.y * total.y);
  }

  static float value(device const Block& block, uint i) {
    const uchar pair = block.codes[i / 64 * 32 + i % 32];
    const uchar code = i / 32 % 2 == 0 ? pair & 15 : pair >> 4;
    const float2 sub = k_scale_of(k_scales(block.sub_scales, i / 64), i / 32);
    return float(block.scale) * sub.x * float(code) - float(block.minimum) * sub.y;
  }
};

/// The integer form: sums of code * x in 32-bit integers; four lanes have a sub-block.
struct Q4_KInteger {
  static float dot(device const Q4_KBlock* block, uint lane, threadgroup const short2* pairs,
                   float x_scale, float x_sum) {
    FOUNDRY_IN_ORDER
    device const uchar* codes = block->codes + lane / 8 * 32 + lane % 4 * 4;
    const uint shift = lane / 4 % 2 * 4;
    const int sum = dot_bytes(any_uint(codes) >> shift & 0x0F0F0F0F,
                              any_uint(codes + 16) >> shift & 0x0F0F0F0F, 0, pairs);
    const float scale = float(block->scale) * float(k_scale(block->sub_scales, lane / 4));
    const float minimum = float(block->minimum) * float(k_minimum(block->sub_scales, lane / 4));
    return scale * x_scale * float(sum) - minimum * x_sum;
  }
};
