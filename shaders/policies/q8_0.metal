// Q8_0 (GGUF): blocks of 32 signed bytes with one scale; weight i = scale * codes[i].
#pragma once
#include "lib/gemv_input.metal"
#include "lib/policy.metal"

struct Q8_0Block {
  half scale;
  char codes[32];
};
static_assert(sizeof(Q8_0Block) == 34, "Q8_0Block must match GGUF's layout");

/// Width 4 or 8: neighbouring codes of one block.
template <uint Width>
struct Q8_0 {
  static_assert(Width == 4 || Width == 8, "Q8_0 takes 4 or 8 weights a lane");
  using Block = Q8_0Block;
  FOUNDRY_CONSTANT uint kBlock = 32;
  FOUNDRY_CONSTANT uint kLanes = 32 / Width;  // that share a block

  static uint position(uint lane, uint j) { return lane * Width + j; }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    device const Block& block = step[lane / kLanes];
    device const char* codes = block.codes + lane % kLanes * Width;
    float sum = 0.0f;
#pragma unroll
    for (uint j = 0; j < Width; j += 4) {
      const float4 four = float4(as_type<char4>(even_uint(codes + j)));
      sum += four.x * x[j] + four.y * x[j + 1] + four.z * x[j + 2] + four.w * x[j + 3];
    }
    return float(block.scale) * sum;
  }

  static float value(device const Block& block, uint i) {
    return float(block.scale) * float(block.codes[i]);
  }
};

/// The integer form: sums of code * x in 32-bit integers.
struct Q8_0Integer {
  static float dot(device const Q8_0Block* step, uint lane, threadgroup const short2* pairs,
                   float x_scale, float) {
    device const Q8_0Block& block = step[lane / 4];
    device const uchar* codes = reinterpret_cast<device const uchar*>(block.codes) + lane % 4 * 4;
    // Codes from -128 on, as those from 0 on less 128.
    const uint signs = 0x80808080;
    const int sum = dot_bytes(any_uint(codes) ^ signs, any_uint(codes + 16) ^ signs, 128, pairs);
    return float(block.scale) * x_scale * float(sum);
  }
};
