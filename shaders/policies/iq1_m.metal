// IQ1_M (GGUF): blocks of 256 weights in sixteen sub-blocks of 16; eight weights are a number of a
// codebook of 2048 times eight of -1, 0 and 1, three of its bits in a half of a byte of `high`, whose
// fourth bit says whether they are less by an eighth or more. Four halfwords have four three-bit
// scales each, and above them a quarter of the block's scale, a half; weight = scale *
// (2 * sub_scale + 1) * (number -+ 1/8).
#pragma once
#include "lib/codebook.metal"
#include "lib/codebooks/iq1.metal"
#include "lib/fours.metal"

struct IQ1_MBlock {
  uchar low[32];
  uchar high[16];
  uchar scales[8];
};
static_assert(sizeof(IQ1_MBlock) == 56, "IQ1_MBlock must match GGUF's layout");

struct IQ1_MFormat : FormatDefaults {
  using Block = IQ1_MBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = kIq1Offset;
  FOUNDRY_CONSTANT uint kRun = 16;
  FOUNDRY_CONSTANT uint kApart = 1;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint high = uint(block.high[four / 4]) >> four / 2 % 2 * 4;
    const uint entry = kIq1Codebook[block.low[four / 2] | (high & 7) << 8];
    return iq1_codes(half_of_eight(entry, four), (high & 8) != 0);
  }
  /// An eighth of the sub-block's, as codes are eight times the weights.
  static float scale(device const Block& block, uint four) {
    const ushort bits = (block.scales[1] >> 4) | (block.scales[3] & 0xF0) |
                        (block.scales[5] & 0xF0) << 4 | (block.scales[7] & 0xF0) << 8;
    device const uchar* scales = block.scales + four / 16 * 2;
    const uint sub_scale = (uint(scales[0]) | uint(scales[1]) << 8) >> four / 4 % 4 * 3 & 7;
    return float(as_type<half>(bits)) * (float(sub_scale) * 0.25f + 0.125f);
  }
};

template <uint Width>
struct IQ1_M : Fours<IQ1_MFormat, Width> {};
using IQ1_MInteger = IntegerFours<IQ1_MFormat>;
