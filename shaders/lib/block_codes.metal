// Scales and codes of blocks of 32 under every math mode of the compiler: as the `gguf` package
// computes them.
#pragma once
#include "lib/non_finite.metal"

/// 0 of a scale whose inverse is no number: as a half it is 0 as well.
inline float inverse_of(float scale) {
  const float inverse = precise::divide(1.0f, scale);
  return magnitude_bits(inverse) < kInfinityBits ? inverse : 0.0f;
}

/// To the nearest integer, halves away from zero, as |value| - floor(|value|) has it.
inline float rounded(float value) {
  FOUNDRY_AS_WRITTEN
  const float size = fabs(value);
  const float below = floor(size);
  const float nearest = below + floor(2.0f * (size - below));
  return value < 0.0f ? -nearest : nearest;
}

// `peak` is the block's element of largest magnitude, of equal ones the first.
struct Q8_0Codes {
  /// |peak| / 127, rounded to nearest, where a compiler may multiply by 1 / 127 (Markstein,
  /// "Computation of elementary functions on the IBM RISC System/6000 processor", 1990).
  static float scale(float peak) {
    FOUNDRY_AS_WRITTEN
    const float inverse = 1.0f / 127.0f;
    const float nearly = fabs(peak) * inverse;
    return fma(fma(-127.0f, nearly, fabs(peak)), inverse, nearly);
  }
  static char code(float x, float inverse) {
    FOUNDRY_AS_WRITTEN
    return char(rounded(x * inverse));
  }
};

/// About the middle of their range: Q4_0, Q5_0.
template <uint Bits>
struct CentredCodes {
  FOUNDRY_CONSTANT uint kMiddle = 1u << (Bits - 1);
  static float scale(float peak) { return peak * (-1.0f / float(kMiddle)); }
  static uint code(float x, float inverse) {
    FOUNDRY_AS_WRITTEN
    return min(uint(x * inverse + (float(kMiddle) + 0.5f)), 2 * kMiddle - 1);
  }
};
