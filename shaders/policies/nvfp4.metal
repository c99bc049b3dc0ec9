// NVFP4 (as GGUF lays it out): blocks of 64 numbers of four bits (E2M1) in four sub-blocks of 16, each
// with a scale of eight bits (E4M3, its sign not used); weight = sub_scale * number. Byte i of a
// sub-block's eight holds code i in its low half and code i + 8 in its high half.
#pragma once
#include "lib/fours.metal"
#include "lib/code_tables.metal"

struct NVFP4Block {
  uchar sub_scales[4];
  uchar codes[32];
};
static_assert(sizeof(NVFP4Block) == 36, "NVFP4Block must match GGUF's layout");

struct NVFP4Format : FormatDefaults {
  using Block = NVFP4Block;
  using Numbers = TableNumbers<Fp4Table>;
  FOUNDRY_CONSTANT uint kBlock = 64;
  FOUNDRY_CONSTANT short kOffset = Fp4Table::kOffset;
  FOUNDRY_CONSTANT uint kRun = 16;
  FOUNDRY_CONSTANT uint kApart = 2;

  template <class Bytes>
  static uint codes(device const Block& block, uint four) {
    const uint bytes = Bytes::four(block.codes + four / 4 * 8 + four % 2 * 4);
    return bytes >> four / 2 % 2 * 4 & 0x0F0F0F0F;
  }
  /// Half of the sub-block's, as values are doubled. 127, which is NaN elsewhere, is 0 for GGUF.
  static float scale(device const Block& block, uint four) {
    const uint bits = block.sub_scales[four / 4];
    const uint exponent = bits >> 3 & 15;
    const uint mantissa = bits & 7;
    const float normal = as_type<float>((exponent + 119) << 23 | mantissa << 20);
    const float number = exponent == 0 ? float(mantissa) * 0.0009765625f : normal;
    return bits == 127 ? 0.0f : number;
  }
};

template <uint Width>
struct NVFP4 : Fours<NVFP4Format, Width> {};
using NVFP4Integer = IntegerFours<NVFP4Format>;
