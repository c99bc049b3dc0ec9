// IQ2_S (GGUF): blocks of 256 weights in sixteen sub-blocks of 16, each with a four-bit scale; eight
// weights are a number of a codebook of 1024 times eight magnitudes, two of its bits in `high`, and
// eight signs; weight = scale / 8 * (2 * sub_scale + 1) * magnitude.
#pragma once
#include "lib/codebook.metal"
#include "lib/codebooks/iq2_s.metal"
#include "lib/fours.metal"

struct IQ2_SBlock {
  half scale;
  uchar low[32];
  uchar signs[32];
  uchar high[8];
  uchar sub_scales[8];
};
static_assert(sizeof(IQ2_SBlock) == 82, "IQ2_SBlock must match GGUF's layout");

struct IQ2_SFormat : FormatDefaults {
  using Block = IQ2_SBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = kSignedOffset;
  FOUNDRY_CONSTANT uint kRun = 16;
  FOUNDRY_CONSTANT uint kApart = 1;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint eight = four / 2;
    const uint high = uint(block.high[eight / 4]) >> eight % 4 * 2 & 3;
    const uint entry = kIq2SCodebook[block.low[eight] | high << 8];
    return signed_codes(iq2_magnitudes(half_of_eight(entry, four)),
                        uint(block.signs[eight]) >> four % 2 * 4);
  }
  static float scale(device const Block& block, uint four) {
    const uint sub_scale = block.sub_scales[four / 8] >> four / 4 % 2 * 4 & 15;
    return float(block.scale) * (float(sub_scale) * 0.25f + 0.125f);
  }
};

template <uint Width>
struct IQ2_S : Fours<IQ2_SFormat, Width> {};
using IQ2_SInteger = IntegerFours<IQ2_SFormat>;
