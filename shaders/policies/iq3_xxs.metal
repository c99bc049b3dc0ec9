// IQ3_XXS (GGUF): blocks of 256 weights in eight sub-blocks of 32; four weights are a number of a
// codebook of 256 times four magnitudes. A word for each sub-block has four times seven signs and a
// four-bit scale; weight = scale / 4 * (2 * sub_scale + 1) * magnitude.
#pragma once
#include "lib/codebooks/iq3_xxs.metal"
#include "lib/fours.metal"
#include "lib/signs.metal"

struct IQ3_XXSBlock {
  half scale;
  uchar codes[64];
  uchar signs[32];  // and scales: four bytes for each sub-block
};
static_assert(sizeof(IQ3_XXSBlock) == 98, "IQ3_XXSBlock must match GGUF's layout");

struct IQ3_XXSFormat : FormatDefaults {
  using Block = IQ3_XXSBlock;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = kSignedOffset;
  FOUNDRY_CONSTANT uint kRun = 32;
  FOUNDRY_CONSTANT uint kApart = 1;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint word = Bytes::four(block.signs + four / 8 * 4);
    const uint signs = eight_signs(word >> four % 8 / 2 * 7 & 127);
    return signed_codes(kIq3XxsCodebook[block.codes[four]], signs >> four % 2 * 4);
  }
  static float scale(device const Block& block, uint four) {
    const uint sub_scale = block.signs[four / 8 * 4 + 3] >> 4;
    return float(block.scale) * (float(sub_scale) * 0.5f + 0.25f);
  }
};

template <uint Width>
struct IQ3_XXS : Fours<IQ3_XXSFormat, Width> {};
using IQ3_XXSInteger = IntegerFours<IQ3_XXSFormat>;
