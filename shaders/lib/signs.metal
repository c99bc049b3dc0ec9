// Signs of the formats whose codebooks hold magnitudes: a bit for each weight, set where it is
// negative.
#pragma once
#include "lib/common.metal"

FOUNDRY_GLOBAL short kSignedOffset = 63;

/// Four magnitudes below 64 as codes less kSignedOffset; bit i of `negative` is that of byte i.
inline uint signed_codes(uint magnitudes, uint negative) {
  const uint flipped = ((negative & 15) * 0x00204081 & 0x01010101) * 63;
  return (magnitudes ^ flipped) + (flipped ^ 0x3f3f3f3f);  // 63 - m where negative, else m + 63
}

/// Eight signs of which the format keeps seven: the number of negative ones is even.
inline uint eight_signs(uint seven) {
  const uint odd = 0x6996u >> ((seven ^ seven >> 4) & 15) & 1;  // parities of four bits
  return seven | odd << 7;
}
