// Activations of the form x * sigmoid(z), to a few units in the last place over their whole range:
// where e^z is subnormal it is kept as a mantissa and an exponent, so that the result alone is, not
// what it is made of. Against the plain formulas: 1 + tanh cancels for negative x, and 1 + e^-x
// overflows where x / (1 + e^-x) is still a number.
#pragma once
#include "lib/common.metal"

/// mantissa * 2^exponent.
struct Exponential {
  float mantissa;
  int exponent;
};

/// x * sigmoid(z), where z has x's sign and `decay` is e^-|z|. At -infinity, where infinity meets
/// 0, it is NaN.
inline float times_sigmoid(float x, Exponential decay) {
  const float small =
      decay.mantissa * as_type<float>(uint(max(decay.exponent, -126) + 127) << 23);
  float result = (x < 0.0f ? x * small : x) / (1.0f + small);
  if (x < 0.0f && decay.exponent < -126) {
    // Only its magnitude counts of an x that is so low that the result is 0.
    const float lowest = -200.0f;
    const float scaled = ldexp((x < lowest ? lowest : x) * decay.mantissa, decay.exponent);
    result = x == -INFINITY ? NAN : scaled;
  }
  return result;
}

/// x * sigmoid(x).
inline float silu(float x) {
  if (x < -87.0f) {
    const float size = min(-x, 200.0f);
    const float log2_e = 0x1.715476p+0f;
    const float log2_e_low = 0x1.4ae0c0p-26f;
    const float exponent = rint(size * log2_e);
    const float rest = fma(size, log2_e_low, fma(size, log2_e, -exponent));
    return times_sigmoid(x, {precise::exp2(-rest), -int(exponent)});
  }
  const float small = precise::exp(-fabs(x));
  return (x < 0.0f ? x * small : x) / (1.0f + small);
}

/// 0.5 x (1 + tanh(u)) with u = sqrt(2 / pi) (x + 0.044715 x^3), which is x * sigmoid(2 u).
inline float gelu_tanh(float x) {
  // 2 u log2(e) = a x + b x^3; both products are rounded to integers by themselves, and what is left
  // of them is exact to 2^-25.
  const float a = 0x1.26aec2p+1f;
  const float a_low = 0x1.bce75ap-27f;
  const float b = 0x1.a5a7d0p-4f;
  const float b_low = -0x1.151aaep-29f;
  const float size = min(fabs(x), 20.0f);
  const float square = size * size;
  const float square_low = fma(size, size, -square);
  const float cube = square * size;
  const float cube_low = fma(square, size, -cube) + square_low * size;
  const float first = rint(a * size);
  const float second = rint(b * cube);
  const float low = a_low * size + (b_low * cube + b * cube_low);
  const float rest = fma(a, size, -first) + fma(b, cube, -second) + low;
  return times_sigmoid(x, {precise::exp2(-rest), -int(first + second)});
}
