// Formats whose four-bit codes number the values of a table.
#pragma once
#include "lib/common.metal"

/// The table's bytes for four codes, which are the low halves of the bytes of `codes`.
inline uint nibble_values(constant const uchar* table, uint codes) {
  return uint(table[codes & 15]) | uint(table[codes >> 8 & 15]) << 8 |
         uint(table[codes >> 16 & 15]) << 16 | uint(table[codes >> 24 & 15]) << 24;
}

// GGUF's kvalues_iq4nl, more by kIq4Offset: -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38,
// 53, 69, 89, 113.
FOUNDRY_GLOBAL short kIq4Offset = 128;
FOUNDRY_GLOBAL uchar kIq4Values[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                       129, 141, 153, 166, 181, 197, 217, 241};

// The numbers of FP4 (E2M1), doubled, more by kFp4Offset: 0, 1, 2, 3, 4, 6, 8, 12 and their
// negatives. OCP Microscaling Formats 1.0, 5.3.3.
FOUNDRY_GLOBAL short kFp4Offset = 12;

/// Those of four codes, in four bytes, without a table: a lane's look-up is a load of its own. The
/// codes are the low halves of the bytes of `codes`: a sign, two bits of exponent, one of mantissa.
inline uint fp4_values(uint codes) {
  const uint bit = 0x01010101;
  const uint negative = (codes >> 3 & bit) * 255;
  const uint large = (codes >> 2 & bit) * 255;  // from 4 on
  const uint largest = (codes >> 1 & bit) * 255;
  const uint doubled = ((codes & bit) | 0x02020202) << 1;  // 4 or 6; 8 or 12 are twice that
  const uint sizes =
      ((doubled + (doubled & largest)) & large) | (codes & 0x03030303 & ~large);
  return 0x0C0C0C0C + sizes - 2 * (sizes & negative);
}
