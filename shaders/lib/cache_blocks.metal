// Blocks of a cache of keys and values: a simdgroup encodes one, a lane an element. Of a block with
// an element that is not finite all are NaN.
#pragma once
#include "lib/block_codes.metal"
#include "policies/q4_0.metal"
#include "policies/q8_0.metal"

/// The element of largest magnitude, of equal ones the first lane's.
inline float simd_peak(float x, uint lane) {
  const float largest = simd_max(fabs(x));
  return simd_shuffle(x, ushort(simd_min(fabs(x) == largest ? lane : 31u)));
}

/// A block's element, 0 where the block has one that is not finite.
struct BlockElement {
  float value;
  bool is_hidden;

  half scale(float of_block) const { return is_hidden ? half(NAN) : half(of_block); }
};
inline BlockElement block_element(float x) {
  const bool is_hidden = simd_any(magnitude_bits(x) >= kInfinityBits);
  return {is_hidden ? 0.0f : x, is_hidden};
}

inline void encode_block(device Q8_0Block& block, float x, uint lane) {
  const BlockElement element = block_element(x);
  const float scale = Q8_0Codes::scale(simd_max(fabs(element.value)));
  if (lane == 0) block.scale = element.scale(scale);
  block.codes[lane] = Q8_0Codes::code(element.value, inverse_of(scale));
}

inline void encode_block(device Q4_0Block& block, float x, uint lane) {
  const BlockElement element = block_element(x);
  const float scale = CentredCodes<4>::scale(simd_peak(element.value, lane));
  if (lane == 0) block.scale = element.scale(scale);
  const uint code = CentredCodes<4>::code(element.value, inverse_of(scale));
  const uint other = simd_shuffle_xor(code, 16);
  if (lane < 16) block.codes[lane] = uchar(code | other << 4);
}
