// TQ2_0 (GGUF): blocks of 256 two-bit codes with one scale; weight = scale * (code - 1). Codes lie as
// those of Q2_K.
#pragma once
#include "lib/fours.metal"

struct TQ2_0Block {
  uchar codes[64];
  half scale;
};
static_assert(sizeof(TQ2_0Block) == 66, "TQ2_0Block must match GGUF's layout");

struct TQ2_0Format : FormatDefaults {
  using Block = TQ2_0Block;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = 1;
  FOUNDRY_CONSTANT uint kRun = 256;
  FOUNDRY_CONSTANT uint kApart = 8;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint bytes = Bytes::four(block.codes + four / 32 * 32 + four % 8 * 4);
    return bytes >> four / 8 % 4 * 2 & 0x03030303;
  }
  static float scale(device const Block& block, uint) { return float(block.scale); }
};

template <uint Width>
struct TQ2_0 : Fours<TQ2_0Format, Width> {};
using TQ2_0Integer = IntegerFours<TQ2_0Format>;
