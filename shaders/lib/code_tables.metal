// Formats whose four-bit codes number the entries of a table: Format::Numbers of lib/fours.metal.
#pragma once
#include "lib/common.metal"

// GGUF's kvalues_iq4nl, more by kOffset: -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53,
// 69, 89, 113.
FOUNDRY_GLOBAL uchar kIq4Table[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                      129, 141, 153, 166, 181, 197, 217, 241};
struct Iq4Table {
  FOUNDRY_CONSTANT short kOffset = 128;
  static uint entry(uint code) { return kIq4Table[code]; }
};

/// A table of bytes as its polynomial over bits: entry(code) is the exclusive or of coefficient(set)
/// for all sets of bits that the code has.
template <class Table>
inline uint coefficient(uint set) {
  uint sum = 0;
#pragma unroll
  for (uint code = 0; code < 16; ++code) sum ^= (code & ~set) == 0 ? Table::entry(code) : 0;
  return sum;
}

template <class Table>
struct TableNumbers {
  static uint one(uint code) { return Table::entry(code); }

  /// By the polynomial, eight codes at once: where lanes are the elements of a vector register, a
  /// look-up is a load for each lane, and these are instructions for all.
  static uint2 eight(uint low, uint high) {
    const uint codes = low | high << 4;
    const uint each = 0x11111111;
    uint has[16];  // ones in the halves of bytes whose code has all bits of the index
    has[0] = ~0u;
#pragma unroll
    for (uint bit = 0; bit < 4; ++bit) {
      const uint ones = (codes >> bit & each) * 15;
#pragma unroll
      for (uint set = 0; set < 1u << bit; ++set) has[set | 1u << bit] = has[set] & ones;
    }
    uint lower = 0;
    uint upper = 0;
#pragma unroll
    for (uint set = 0; set < 16; ++set) {
      lower ^= has[set] & (coefficient<Table>(set) & 15) * each;
      upper ^= has[set] & (coefficient<Table>(set) >> 4) * each;
    }
    const uint halves = 0x0F0F0F0F;
    return uint2((lower & halves) | (upper & halves) << 4,
                 (lower >> 4 & halves) | (upper & ~halves));
  }
};
