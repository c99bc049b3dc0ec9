// Q2_K (GGUF): blocks of 256 two-bit codes in sixteen sub-blocks of 16, each with a four-bit scale and
// a four-bit minimum; weight = scale * sub_scale * code - minimum * sub_minimum. Half a block is four
// runs of 32: bits 2 r and 2 r + 1 of byte i hold code i of run r.
#pragma once
#include "lib/fours.metal"

struct Q2_KBlock {
  uchar sub_scales[16];  // minimum in the high half
  uchar codes[64];
  half scale;
  half minimum;
};
static_assert(sizeof(Q2_KBlock) == 84, "Q2_KBlock must match GGUF's layout");

struct Q2_KFormat : FormatDefaults {
  using Block = Q2_KBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = 0;
  FOUNDRY_CONSTANT uint kRun = 16;
  FOUNDRY_CONSTANT uint kApart = 8;
  FOUNDRY_CONSTANT bool kHasMinimum = true;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint bytes = Bytes::four(block.codes + four / 32 * 32 + four % 8 * 4);
    return bytes >> four / 8 % 4 * 2 & 0x03030303;
  }
  static float scale(device const Block& block, uint four) {
    return float(block.scale) * float(block.sub_scales[four / 4] & 15);
  }
  static float minimum(device const Block& block, uint four) {
    return float(block.minimum) * float(block.sub_scales[four / 4] >> 4);
  }
};

template <uint Width>
struct Q2_K : Fours<Q2_KFormat, Width> {};
using Q2_KInteger = IntegerFours<Q2_KFormat>;
