// The formats whose codes number an entry of a codebook: eight weights, or four. Codebooks of eights
// keep 0, 1 or 2 for each weight, in a nibble of a uint: the first four in the low halves of the
// bytes, the others in the high halves.
#pragma once
#include "lib/signs.metal"

/// Four of an entry's eight, a byte each; `four` is even for the first ones.
inline uint half_of_eight(uint entry, uint four) {
  return entry >> four % 2 * 4 & 0x0F0F0F0F;
}

/// 0, 1 and 2 as the magnitudes 8, 25 and 43 of the IQ2 formats.
inline uint iq2_magnitudes(uint codes) {
  return 0x08080808 + codes * 17 + (codes >> 1 & 0x01010101);
}

// IQ1: eight times a weight is 8 * (code - 1), and 1 more or less for all weights of a run.
FOUNDRY_GLOBAL short kIq1Offset = 9;

/// 0, 1 and 2 as codes less kIq1Offset.
inline uint iq1_codes(uint codes, bool less) {
  return codes * 8 + (less ? 0u : 0x02020202u);
}
