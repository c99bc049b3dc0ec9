// IQ1_S (GGUF): blocks of 256 weights in eight sub-blocks of 32; eight weights are a number of a
// codebook of 2048 times eight of -1, 0 and 1. A halfword for each sub-block has three bits of four
// such numbers, a three-bit scale, and whether the weights are less by an eighth or more; weight =
// scale * (2 * sub_scale + 1) * (number -+ 1/8).
#pragma once
#include "lib/codebook.metal"
#include "lib/codebooks/iq1.metal"
#include "lib/fours.metal"

struct IQ1_SBlock {
  half scale;
  uchar low[32];
  ushort high[8];
};
static_assert(sizeof(IQ1_SBlock) == 50, "IQ1_SBlock must match GGUF's layout");

struct IQ1_SFormat : FormatDefaults {
  using Block = IQ1_SBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = kIq1Offset;
  FOUNDRY_CONSTANT uint kRun = 32;
  FOUNDRY_CONSTANT uint kApart = 1;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint high = block.high[four / 8];
    const uint entry = kIq1Codebook[block.low[four / 2] | (high >> four % 8 / 2 * 3 & 7) << 8];
    return iq1_codes(half_of_eight(entry, four), high >> 15 != 0);
  }
  /// An eighth of the sub-block's, as codes are eight times the weights.
  static float scale(device const Block& block, uint four) {
    const uint sub_scale = uint(block.high[four / 8]) >> 12 & 7;
    return float(block.scale) * (float(sub_scale) * 0.25f + 0.125f);
  }
};

template <uint Width>
struct IQ1_S : Fours<IQ1_SFormat, Width> {};
using IQ1_SInteger = IntegerFours<IQ1_SFormat>;
