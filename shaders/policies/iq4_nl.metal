// IQ4_NL (GGUF): blocks of 32 four-bit codes with one scale; weight = scale * value[code].
// Byte i of a block holds code i in its low half and code i + 16 in its high half.
#pragma once
#include "lib/fours.metal"
#include "lib/nibble_values.metal"

struct IQ4_NLBlock {
  half scale;
  uchar codes[16];
};
static_assert(sizeof(IQ4_NLBlock) == 18, "IQ4_NLBlock must match GGUF's layout");

struct IQ4_NLFormat : NoMinimum {
  using Block = IQ4_NLBlock;
  FOUNDRY_CONSTANT uint kBlock = 32;
  FOUNDRY_CONSTANT short kOffset = kIq4Offset;
  FOUNDRY_CONSTANT uint kRun = 32;
  FOUNDRY_CONSTANT uint kApart = 4;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    return nibble_values(kIq4Values, Bytes::four(block.codes + four % 4 * 4) >> four / 4 * 4);
  }
  static float scale(device const Block& block, uint) { return float(block.scale); }
};

template <uint Width>
struct IQ4_NL : Fours<IQ4_NLFormat, Width> {};
using IQ4_NLInteger = IntegerFours<IQ4_NLFormat>;
