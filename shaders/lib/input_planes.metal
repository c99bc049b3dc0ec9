// The input of a product on matrix units as two bfloats a number, whose sum it is to 2^-16 of it:
// written once by a kernel of its own, read for all rows (stages/gemm_tiles.metal).
//
// Columns come in chunks of kPlanesDepth, in the last one as many as there are in whole 32s, zeros
// beyond the end. Of a chunk each token has its high halves and then its low halves, tokens one
// after the other: what a product reads at a time lies together.
#pragma once
#include "lib/halves.metal"
#include "lib/prologue.metal"

FOUNDRY_GLOBAL uint kPlanesDepth = 128;

/// Columns of the chunk that begins at `first`.
inline uint planes_depth(uint columns, uint first) {
  return min(kPlanesDepth, (columns - first + 31) / 32 * 32);
}

/// A token's halves; a simdgroup calls it.
template <class Prologue>
inline void write_planes(Prologue prologue, device bfloat* planes, uint tokens, uint columns,
                         uint token, uint lane) {
  const auto scale = prologue.scale(token, lane);
  for (uint first = 0; first < columns; first += kPlanesDepth) {
    const uint depth = planes_depth(columns, first);
    device bfloat* own = planes + 2 * (ulong(first) * tokens + token * depth);
    for (uint k = lane; k < depth; k += 32) {
      const float x = first + k < columns ? prologue.at(token, first + k, scale) : 0.0f;
      const Halves halves = halves_of(x);
      own[k] = halves.high;
      own[depth + k] = halves.low;
    }
  }
}
