// MXFP4 (OCP Microscaling Formats 1.0, as GGUF lays it out): blocks of 32 numbers of four bits (E2M1)
// with a power of two; weight = 2^(exponent - 127) * number. Byte i of a block holds code i in its
// low half and code i + 16 in its high half.
#pragma once
#include "lib/fours.metal"
#include "lib/code_tables.metal"

struct MXFP4Block {
  uchar exponent;
  uchar codes[16];
};
static_assert(sizeof(MXFP4Block) == 17, "MXFP4Block must match GGUF's layout");

struct MXFP4Format : FormatDefaults {
  using Block = MXFP4Block;
  using Numbers = TableNumbers<Fp4Table>;
  FOUNDRY_CONSTANT uint kBlock = 32;
  FOUNDRY_CONSTANT short kOffset = Fp4Table::kOffset;
  FOUNDRY_CONSTANT uint kRun = 32;
  FOUNDRY_CONSTANT uint kApart = 4;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    return Bytes::four(block.codes + four % 4 * 4) >> four / 4 * 4 & 0x0F0F0F0F;
  }
  /// Half of the block's, as values are doubled: 2^(exponent - 128), subnormal for 0 and 1. 255,
  /// which the specification has for NaN, is a power of two for GGUF.
  static float scale(device const Block& block, uint) {
    const uint exponent = block.exponent;
    return as_type<float>(exponent < 2 ? 0x00200000u << exponent : (exponent - 1) << 23);
  }
};

template <uint Width>
struct MXFP4 : Fours<MXFP4Format, Width> {};
using MXFP4Integer = IntegerFours<MXFP4Format>;
