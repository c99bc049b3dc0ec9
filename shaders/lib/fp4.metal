// Numbers of four bits.
#pragma once
#include "lib/common.metal"

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
