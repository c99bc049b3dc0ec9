// The scales and minima of Q4_K and Q5_K: eight of each, six bits wide, in twelve bytes.
#pragma once
#include "lib/common.metal"

/// Those of sub-blocks 2 * pair (in the low bytes) and 2 * pair + 1 (in the high bytes): x the
/// scales, y the minima. `packed`: six halfwords. Bytes 0 to 3 hold the scales of sub-blocks 0 to 3
/// in their low six bits, 4 to 7 likewise the minima; bytes 8 to 11 hold the low four bits of scale
/// and minimum of sub-blocks 4 to 7, whose high two bits are the top bits of bytes 0 to 3 and 4 to 7.
inline ushort2 k_scales(device const ushort* packed, uint pair) {
  const ushort scale = packed[pair % 2];
  const ushort minimum = packed[pair % 2 + 2];
  const ushort low = packed[pair % 2 + 4];
  if (pair < 2) return ushort2(scale & 0x3f3f, minimum & 0x3f3f);
  return ushort2((low & 0x0f0f) | (scale >> 2 & 0x3030),
                 (low >> 4 & 0x0f0f) | (minimum >> 2 & 0x3030));
}

/// One of the two sub-blocks of k_scales().
inline float2 k_scale_of(ushort2 scales, uint sub_block) {
  const ushort2 one = scales >> ushort(sub_block % 2 * 8) & ushort(0xff);
  return float2(one);
}

/// Those of one sub-block, for lanes that are the elements of a vector register: bytes throughout.
inline uchar k_scale(device const ushort* packed, uint sub_block) {
  device const uchar* bytes = reinterpret_cast<device const uchar*>(packed) + sub_block % 4;
  const uchar high = bytes[0];
  const uchar low = bytes[8];
  return sub_block < 4 ? high & 63 : (low & 15) | (high >> 2 & 48);
}
inline uchar k_minimum(device const ushort* packed, uint sub_block) {
  device const uchar* bytes = reinterpret_cast<device const uchar*>(packed) + sub_block % 4;
  const uchar high = bytes[4];
  const uchar low = bytes[8];
  return sub_block < 4 ? high & 63 : low >> 4 | (high >> 2 & 48);
}
