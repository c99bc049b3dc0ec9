// Formats whose four-bit codes number the entries of a table: Format::Numbers of lib/fours.metal.
//
// Tables have 16 bytes, and four codes are looked up as a vector: where lanes are the elements of a
// vector register, that is one shuffle of bytes for all lanes.
#pragma once
#include "lib/common.metal"

// GGUF's kvalues_iq4nl, more by kOffset: -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53,
// 69, 89, 113.
FOUNDRY_GLOBAL uchar kIq4Table[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                      129, 141, 153, 166, 181, 197, 217, 241};
struct Iq4Table {
  FOUNDRY_CONSTANT short kOffset = 128;
  static uchar entry(uchar code) { return kIq4Table[code]; }
};

// Numbers of four bits (E2M1): a sign, two bits of exponent, one of mantissa. Doubled they are
// integers, 0, 1, 2, 3, 4, 6, 8, 12 and their negatives; more by kOffset. OCP Microscaling Formats
// 1.0, 5.3.3.
FOUNDRY_GLOBAL uchar kFp4Table[16] = {12, 13, 14, 15, 16, 18, 20, 24,
                                      12, 11, 10, 9,  8,  6,  4,  0};
struct Fp4Table {
  FOUNDRY_CONSTANT short kOffset = 12;
  static uchar entry(uchar code) { return kFp4Table[code]; }
};

template <class Table>
struct TableNumbers {
  static uint one(uint code) { return Table::entry(uchar(code)); }

  static uint four(uint codes) {
    const uchar4 each = as_type<uchar4>(codes);
    return as_type<uint>(uchar4(Table::entry(each.x), Table::entry(each.y), Table::entry(each.z),
                                Table::entry(each.w)));
  }
  static uint2 eight(uint low, uint high) { return uint2(four(low), four(high)); }
};
