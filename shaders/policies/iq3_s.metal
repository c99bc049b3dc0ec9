// IQ3_S (GGUF): blocks of 256 weights in eight sub-blocks of 32, each with a four-bit scale; four
// weights are a number of a codebook of 512 times four magnitudes, a bit of it in `high`, and four
// signs; weight = scale * (2 * sub_scale + 1) * magnitude.
#pragma once
#include "lib/codebooks/iq3_s.metal"
#include "lib/fours.metal"
#include "lib/signs.metal"

struct IQ3_SBlock {
  half scale;
  uchar low[64];
  uchar high[8];
  uchar signs[32];
  uchar sub_scales[4];
};
static_assert(sizeof(IQ3_SBlock) == 110, "IQ3_SBlock must match GGUF's layout");

struct IQ3_SFormat : FormatDefaults {
  using Block = IQ3_SBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = kSignedOffset;
  FOUNDRY_CONSTANT uint kRun = 32;
  FOUNDRY_CONSTANT uint kApart = 1;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint high = uint(block.high[four / 8]) >> four % 8 & 1;
    return signed_codes(kIq3SCodebook[block.low[four] | high << 8],
                        uint(block.signs[four / 2]) >> four % 2 * 4);
  }
  static float scale(device const Block& block, uint four) {
    const uint sub_scale = block.sub_scales[four / 16] >> four / 8 % 2 * 4 & 15;
    return float(block.scale) * float(2 * sub_scale + 1);
  }
};

template <uint Width>
struct IQ3_S : Fours<IQ3_SFormat, Width> {};
using IQ3_SInteger = IntegerFours<IQ3_SFormat>;
