// IQ4_NL (GGUF): blocks of 32 four-bit codes with one scale; weight = scale * value[code].
// Byte i of a block holds code i in its low half and code i + 16 in its high half.
#pragma once
#include "lib/code_tables.metal"
#include "lib/fours.metal"

struct IQ4_NLBlock {
  half scale;
  uchar codes[16];
};
static_assert(sizeof(IQ4_NLBlock) == 18, "IQ4_NLBlock must match GGUF's layout");

struct IQ4_NLFormat : FormatDefaults {
  using Block = IQ4_NLBlock;
  using Numbers = TableNumbers<Iq4Table>;
  FOUNDRY_CONSTANT uint kBlock = 32;
  FOUNDRY_CONSTANT short kOffset = Iq4Table::kOffset;
  FOUNDRY_CONSTANT uint kRun = 32;
  FOUNDRY_CONSTANT uint kApart = 4;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    return Bytes::four(block.codes + four % 4 * 4) >> four / 4 * 4 & 0x0F0F0F0F;
  }
  static float scale(device const Block& block, uint) { return float(block.scale); }
};

template <uint Width>
struct IQ4_NL : Fours<IQ4_NLFormat, Width> {};
using IQ4_NLInteger = IntegerFours<IQ4_NLFormat>;
