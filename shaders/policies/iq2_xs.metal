// IQ2_XS (GGUF): blocks of 256 weights in sixteen sub-blocks of 16, each with a four-bit scale; eight
// weights are a number of a codebook of 512 times eight magnitudes, and seven signs above its nine
// bits; weight = scale / 8 * (2 * sub_scale + 1) * magnitude.
#pragma once
#include "lib/codebook.metal"
#include "lib/codebooks/iq2_xs.metal"
#include "lib/fours.metal"

struct IQ2_XSBlock {
  half scale;
  ushort codes[32];
  uchar sub_scales[8];
};
static_assert(sizeof(IQ2_XSBlock) == 74, "IQ2_XSBlock must match GGUF's layout");

struct IQ2_XSFormat : FormatDefaults {
  using Block = IQ2_XSBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = kSignedOffset;
  FOUNDRY_CONSTANT uint kRun = 16;
  FOUNDRY_CONSTANT uint kApart = 1;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint code = block.codes[four / 2];
    const uint magnitudes = iq2_magnitudes(half_of_eight(kIq2XsCodebook[code & 511], four));
    return signed_codes(magnitudes, eight_signs(code >> 9) >> four % 2 * 4);
  }
  static float scale(device const Block& block, uint four) {
    const uint sub_scale = block.sub_scales[four / 8] >> four / 4 % 2 * 4 & 15;
    return float(block.scale) * (float(sub_scale) * 0.25f + 0.125f);
  }
};

template <uint Width>
struct IQ2_XS : Fours<IQ2_XSFormat, Width> {};
using IQ2_XSInteger = IntegerFours<IQ2_XSFormat>;
