// Numbers of four bits (E2M1): a sign, two bits of exponent, one of mantissa. Doubled they are
// integers: 0, 1, 2, 3, 4, 6, 8, 12 and their negatives. OCP Microscaling Formats 1.0, 5.3.3.
#pragma once
#include "lib/common.metal"

/// Format::Numbers of lib/fours.metal: those integers, more by kOffset. From their bits and not from
/// a table: a lane's look-up is a load of its own.
struct Fp4Numbers {
  FOUNDRY_CONSTANT short kOffset = 15;

  static uint one(uint code) { return eight(code, 0).x & 255; }

  static uint2 eight(uint low, uint high) {
    const uint codes = low | high << 4;
    const uint each = 0x11111111;  // what follows is in halves of bytes
    const uint size = codes & 0x77777777;
    const uint rest = size & 0x33333333;
    const uint from_4_on = (size >> 2 & each) * 7;
    const uint last = rest & rest >> 1 & each;  // 7 stands for 12
    const uint sizes = size + (rest + 2 * last & from_4_on);
    const uint negative = (codes >> 3 & each) * 15;
    const uint flipped = sizes ^ negative;  // 15 less the size where negative
    const uint halves = 0x0F0F0F0F;
    return uint2((flipped & halves) + (~negative & halves),
                 (flipped >> 4 & halves) + (~negative >> 4 & halves));
  }
};
