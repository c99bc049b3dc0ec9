// Q6_K (GGUF): blocks of 256 six-bit codes in sixteen sub-blocks of 16, each with a signed byte as
// its scale; weight = scale * sub_scale * (code - 32). Half a block (128 codes) is four runs of 32:
// byte i of `low` holds the low four bits of codes i of runs 0 and 2, byte i + 32 of runs 1 and 3;
// byte i of `high` holds the high two bits of codes i of runs 0 to 3.
#pragma once
#include "lib/gemv_input.metal"
#include "lib/policy.metal"

struct Q6_KBlock {
  uchar low[128];
  uchar high[64];
  char sub_scales[16];
  half scale;
};
static_assert(sizeof(Q6_KBlock) == 210, "Q6_KBlock must match GGUF's layout");

/// Width 8: both halves of four neighbouring bytes of `low`; a step is a block.
template <uint Width>
struct Q6_K {
  static_assert(Width == 8, "Q6_K takes 8 weights a lane");
  using Block = Q6_KBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;

  static uint position(uint lane, uint j) {
    return lane / 16 * 128 + lane % 16 * 4 + j % 4 + j / 4 * 64;
  }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    const uint low = even_uint(step->low + 4 * lane);
    const uint high = even_uint(step->high + lane / 16 * 32 + lane % 8 * 4) >> lane / 8 % 2 * 2;
    float2 sum = 0.0f;
    float2 total = 0.0f;
#pragma unroll
    for (uint j = 0; j < 4; ++j) {
      const uint a = (low >> 8 * j & 15) | (high >> 8 * j & 3) << 4;
      const uint b = (low >> (8 * j + 4) & 15) | (high >> (8 * j + 4) & 3) << 4;
      const float2 pair = float2(x[j], x[j + 4]);
      sum += float2(a, b) * pair;
      total += pair;
    }
    device const char* scales = step->sub_scales + lane / 16 * 8 + lane % 16 / 4;
    const float2 parts = float2(scales[0], scales[4]) * (sum - 32.0f * total);
    return float(step->scale) * (parts.x + parts.y);
  }

  static float value(device const Block& block, uint i) {
    const uint run = i / 32;
    const uchar pair = block.low[run / 4 * 64 + run % 2 * 32 + i % 32];
    const uchar low = run % 4 < 2 ? pair & 15 : pair >> 4;
    const uchar high = (block.high[run / 4 * 32 + i % 32] >> run % 4 * 2 & 3) << 4;
    const short code = short(char((low | high) - 32)) * short(block.sub_scales[i / 16]);
    return float(block.scale) * float(code);
  }
};

/// The integer form: sums of sub_scale * (code - 32) * x in 32-bit integers, at most 2^30.
/// Four lanes have two sub-blocks.
struct Q6_KInteger {
  static float dot(device const Q6_KBlock* block, uint lane, threadgroup const short2* pairs,
                   float x_scale, float) {
    const uint run = lane / 4 % 4;
    device const uchar* low = block->low + lane / 16 * 64 + run % 2 * 32 + lane % 4 * 4;
    device const uchar* high = block->high + lane / 16 * 32 + lane % 4 * 4;
    const uint shift = run / 2 * 4;
    const uint a = any_uint(low) >> shift & 0x0F0F0F0F;
    const uint b = any_uint(low + 16) >> shift & 0x0F0F0F0F;
    const uint a_high = (any_uint(high) >> 2 * run & 0x03030303) << 4;
    const uint b_high = (any_uint(high + 16) >> 2 * run & 0x03030303) << 4;
    device const char* scales = block->sub_scales + lane / 4 * 2;
    const int sum = int(scales[0]) * dot_bytes(a | a_high, 32, pairs) +
                    int(scales[1]) * dot_bytes(b | b_high, 32, pairs + 32);
    return float(block->scale) * x_scale * float(sum);
  }
};
