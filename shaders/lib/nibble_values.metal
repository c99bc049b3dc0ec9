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
FOUNDRY_GLOBAL uchar kFp4Values[16] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0};
