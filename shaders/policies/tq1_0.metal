// TQ1_0 (GGUF): blocks of 256 codes of 0, 1 and 2 with one scale; weight = scale * (code - 1). A byte
// is a fraction of 256 whose first five digits to the base of three are codes: digit n of byte i has
// code 32 n + i of bytes 0 to 31, code 160 + 16 n + i of the sixteen that follow, and code
// 240 + 4 n + i of the last four, which have four digits.
#pragma once
#include "lib/fours.metal"

struct TQ1_0Block {
  uchar codes[52];
  half scale;
};
static_assert(sizeof(TQ1_0Block) == 54, "TQ1_0Block must match GGUF's layout");

struct TQ1_0Format : FormatDefaults {
  using Block = TQ1_0Block;
  FOUNDRY_CONSTANT uint kBlock = 256;
  FOUNDRY_CONSTANT short kOffset = 1;
  FOUNDRY_CONSTANT uint kRun = 256;
  FOUNDRY_CONSTANT uint kApart = 8;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint first = four < 40 ? four % 8 : four < 60 ? 8 + four % 4 : 12;
    const uint digit = four < 40 ? four / 8 : four < 60 ? (four - 40) / 4 : four - 60;
    const uint bytes = Bytes::four(block.codes + first * 4);
    const uint power = digit < 2 ? (digit == 0 ? 1 : 3) : digit == 2 ? 9 : digit == 3 ? 27 : 81;
    // Bytes 0 and 2, then 1 and 3: the fraction that is left, times three, has the digit above it.
    const uint even = (bytes & 0x00FF00FF) * power & 0x00FF00FF;
    const uint odd = (bytes >> 8 & 0x00FF00FF) * power & 0x00FF00FF;
    return (even * 3 >> 8 & 0x00FF00FF) | (odd * 3 & 0xFF00FF00);
  }
  static float scale(device const Block& block, uint) { return float(block.scale); }
};

template <uint Width>
struct TQ1_0 : Fours<TQ1_0Format, Width> {};
using TQ1_0Integer = IntegerFours<TQ1_0Format>;
