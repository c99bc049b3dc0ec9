// A number as two bfloats, a high half and a low one, whose sum it is to 2^-16 of it: what a
// processor's matrix units multiply. Three of the four products of the halves of two numbers are as
// near to theirs, the fourth, of the low halves, being 2^-16 of it.
#pragma once
#include "lib/common.metal"

/// Where the number is NaN or infinite one of them is NaN.
struct Halves {
  bfloat high;
  bfloat low;
};
inline Halves halves_of(float x) {
  // Rounded by integers, in a few instructions. Adding half a step to the low half would make 0 of
  // some NaN, so it is stretched by about as much instead.
  const float kHalfStep = 1.0f + 0x1.55p-9f;
  const uint high = (as_type<uint>(x) + 0x8000) & 0xFFFF0000;
  const float low = (x - as_type<float>(high)) * kHalfStep;
  return {as_type<bfloat>(ushort(high >> 16)), as_type<bfloat>(ushort(as_type<uint>(low) >> 16))};
}
