// IQ4_XS (GGUF): blocks of 256 four-bit codes in eight sub-blocks of 32, each with a six-bit scale;
// weight = scale * (sub_scale - 32) * value[code]. Codes lie in a sub-block as in a block of IQ4_NL.
#pragma once
#include "lib/code_tables.metal"
#include "lib/fours.metal"

struct IQ4_XSBlock {
  half scale;
  ushort high_scales;   // two bits for each sub-block
  uchar low_scales[4];  // four bits
  uchar codes[128];
};
static_assert(sizeof(IQ4_XSBlock) == 136, "IQ4_XSBlock must match GGUF's layout");

struct IQ4_XSFormat : FormatDefaults {
  using Block = IQ4_XSBlock;
  using Numbers = TableNumbers<Iq4Table>;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = Iq4Table::kOffset;
  FOUNDRY_CONSTANT uint kRun = 32;
  FOUNDRY_CONSTANT uint kApart = 4;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint bytes = Bytes::four(block.codes + four / 8 * 16 + four % 4 * 4);
    return bytes >> four / 4 % 2 * 4 & 0x0F0F0F0F;
  }
  static float scale(device const Block& block, uint four) {
    const uint sub_block = four / 8;
    const uint low = block.low_scales[sub_block / 2] >> sub_block % 2 * 4 & 15;
    const uint high = uint(block.high_scales) >> sub_block * 2 & 3;
    return float(block.scale) * float(short(low | high << 4) - 32);
  }
};

template <uint Width>
struct IQ4_XS : Fours<IQ4_XSFormat, Width> {};
using IQ4_XSInteger = IntegerFours<IQ4_XSFormat>;
