// A block of 32 x 32 values turned between the lanes of a simdgroup.
#pragma once
#include "lib/common.metal"

/// Pairs of values `Step` apart, exchanged between lanes `Step` apart.
template <uint Step>
inline void turn_pairs(thread float* values, uint lane) {
  const bool upper = (lane & Step) != 0;
#pragma unroll
  for (uint i = 0; i < 32; ++i) {
    if ((i & Step) != 0) continue;
    const float low = values[i];
    const float high = values[i + Step];
    const float moved = simd_shuffle_xor(upper ? low : high, ushort(Step));
    values[i] = upper ? moved : low;
    values[i + Step] = upper ? high : moved;
  }
}

/// Lane l's values[i] becomes lane i's values[l] (a transposition by halves, Eklundh, "A Fast
/// Computer Method for Matrix Transposing", 1972).
inline void turn_block(thread float* values, uint lane) {
  turn_pairs<16>(values, lane);
  turn_pairs<8>(values, lane);
  turn_pairs<4>(values, lane);
  turn_pairs<2>(values, lane);
  turn_pairs<1>(values, lane);
}
