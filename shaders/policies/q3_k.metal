// Q3_K (GGUF): blocks of 256 three-bit codes in sixteen sub-blocks of 16, each with a six-bit scale;
// weight = scale * (sub_scale - 32) * (code - 4). The low two bits of codes lie as those of Q2_K; bit
// r of byte i of `high` is the third bit of code i of run r, of eight.
#pragma once
#include "lib/fours.metal"

struct Q3_KBlock {
  uchar high[32];
  uchar low[64];
  uchar sub_scales[12];  // low halves of 0 to 7, high ones of 8 to 15; then two bits of each
  half scale;
};
static_assert(sizeof(Q3_KBlock) == 110, "Q3_KBlock must match GGUF's layout");

struct Q3_KFormat : FormatDefaults {
  using Block = Q3_KBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = 4;
  FOUNDRY_CONSTANT uint kRun = 16;
  FOUNDRY_CONSTANT uint kApart = 8;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint low = Bytes::four(block.low + four / 32 * 32 + four % 8 * 4) >> four / 8 % 4 * 2;
    const uint high = Bytes::four(block.high + four % 8 * 4) >> four / 8;
    return (low & 0x03030303) | (high & 0x01010101) << 2;
  }
  static float scale(device const Block& block, uint four) {
    const uint sub_block = four / 4;
    const uint low = block.sub_scales[sub_block % 8] >> sub_block / 8 * 4 & 15;
    const uint high = block.sub_scales[8 + sub_block % 4] >> sub_block / 4 * 2 & 3;
    return float(block.scale) * float(short(low | high << 4) - 32);
  }
};

template <uint Width>
struct Q3_K : Fours<Q3_KFormat, Width> {};
using Q3_KInteger = IntegerFours<Q3_KFormat>;
