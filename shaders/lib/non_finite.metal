// NaN and infinity told apart by their bits, which holds under every math mode of the compiler.
#pragma once
#include "lib/common.metal"

FOUNDRY_GLOBAL uint kInfinityBits = 0x7f800000u;

/// In the order of magnitudes; infinity has kInfinityBits, NaN more.
inline uint magnitude_bits(float value) {
  return as_type<uint>(value) & 0x7fffffffu;
}
inline uint4 magnitude_bits(float4 value) {
  return as_type<uint4>(value) & 0x7fffffffu;
}

inline bool is_nan(float value) {
  return magnitude_bits(value) > kInfinityBits;
}

/// What one over the root of a mean of squares is a scale for. Squares overflow from 1.8e19 on; a
/// mean that is not finite gives NaN, which shows, where its root's inverse would be 0.
inline float inverse_root_mean(float mean_of_squares, float epsilon) {
  return magnitude_bits(mean_of_squares) >= kInfinityBits ? NAN : rsqrt(mean_of_squares + epsilon);
}
