// IQ2_XXS (GGUF): blocks of 256 weights in eight sub-blocks of 32, each four numbers of a codebook of
// 256 times eight magnitudes, then a word of four times seven signs and a four-bit scale; weight =
// scale / 8 * (2 * sub_scale + 1) * magnitude.
#pragma once
#include "lib/codebook.metal"
#include "lib/codebooks/iq2_xxs.metal"
#include "lib/fours.metal"

struct IQ2_XXSBlock {
  half scale;
  uchar codes[64];  // of each sub-block eight bytes
};
static_assert(sizeof(IQ2_XXSBlock) == 66, "IQ2_XXSBlock must match GGUF's layout");

struct IQ2_XXSFormat : FormatDefaults {
  using Block = IQ2_XXSBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = kSignedOffset;
  FOUNDRY_CONSTANT uint kRun = 32;
  FOUNDRY_CONSTANT uint kApart = 1;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    device const uchar* sub_block = block.codes + four / 8 * 8;
    const uint eight = four % 8 / 2;
    const uint magnitudes = iq2_magnitudes(half_of_eight(kIq2XxsCodebook[sub_block[eight]], four));
    const uint signs = eight_signs(Bytes::four(sub_block + 4) >> eight * 7 & 127);
    return signed_codes(magnitudes, signs >> four % 2 * 4);
  }
  static float scale(device const Block& block, uint four) {
    const uint sub_scale = block.codes[four / 8 * 8 + 7] >> 4;
    return float(block.scale) * (float(sub_scale) * 0.25f + 0.125f);
  }
};

template <uint Width>
struct IQ2_XXS : Fours<IQ2_XXSFormat, Width> {};
using IQ2_XXSInteger = IntegerFours<IQ2_XXSFormat>;
