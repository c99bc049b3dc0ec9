// What encoders of block formats share: values as floats, and what they say of those that have no
// code. Compiled with safe math: bytes are to be those that IEEE 754's operations give in this
// order.
#pragma once
#include "lib/common.metal"

#pragma clang fp contract(off)

/// Bits of what a tensor is refused for.
FOUNDRY_GLOBAL uint kNotFinite = 1;
FOUNDRY_GLOBAL uint kTooLarge = 2;

template <uint Count, class T>
inline void load_values(device const T* x, thread float* values) {
#pragma unroll
  for (uint i = 0; i < Count; ++i) values[i] = float(x[i]);
}

/// `most`: magnitudes above it are too large.
template <uint Count>
inline void refuse(thread const float* values, float most, device atomic_uint* refused) {
  uint largest = 0;  // magnitudes by their bits, among which NaN is the largest
#pragma unroll
  for (uint i = 0; i < Count; ++i) largest = max(largest, as_type<uint>(values[i]) & 0x7fffffffu);
  uint found = largest >= 0x7f800000u ? kNotFinite : 0;
  if (found == 0 && largest > as_type<uint>(most)) found = kTooLarge;
  if (found != 0) atomic_fetch_or_explicit(refused, found, memory_order_relaxed);
}

/// The value of largest magnitude, of equal ones the first.
template <uint Count>
inline float peak_of(thread const float* values) {
  float peak = values[0];
#pragma unroll
  for (uint i = 1; i < Count; ++i) peak = fabs(values[i]) > fabs(peak) ? values[i] : peak;
  return peak;
}

inline void store_half(device uchar* bytes, float value) {
  const ushort bits = as_type<ushort>(half(value));
  bytes[0] = uchar(bits);
  bytes[1] = uchar(bits >> 8);
}
