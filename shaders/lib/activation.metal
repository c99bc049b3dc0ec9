// Activations of the forms x * sigmoid(z) and x * P(z), to a few units in the last place over their
// whole range:
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

/// Where it is subnormal, it is 2^-126 of the mantissa instead.
inline float value_of(Exponential e) {
  return e.mantissa * as_type<float>(uint(max(e.exponent, -126) + 127) << 23);
}

/// x * sigmoid(z), where z has x's sign and `decay` is e^-|z|. At -infinity, where infinity meets
/// 0, it is NaN.
inline float times_sigmoid(float x, Exponential decay) {
  const float small = value_of(decay);
  float result = (x < 0.0f ? x * small : x) / (1.0f + small);
  if (x < 0.0f && decay.exponent < -126) {
    // Only its magnitude counts of an x that is so low that the result is 0.
    const float lowest = -200.0f;
    const float scaled = ldexp((x < lowest ? lowest : x) * decay.mantissa, decay.exponent);
    result = x == -INFINITY ? NAN : scaled;
  }
  return result;
}

/// 2^-(size * (factor + factor_low)), of a size that is not negative.
inline Exponential decay_by(float size, float factor, float factor_low) {
  const float exponent = rint(size * factor);
  const float rest = fma(size, factor_low, fma(size, factor, -exponent));
  return {precise::exp2(-rest), -int(exponent)};
}

FOUNDRY_GLOBAL float kLog2E = 0x1.715476p+0f;
FOUNDRY_GLOBAL float kLog2ELow = 0x1.4ae0c0p-26f;

/// x * sigmoid(x).
inline float silu(float x) {
  if (x < -87.0f) return times_sigmoid(x, decay_by(min(-x, 200.0f), kLog2E, kLog2ELow));
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

/// 1 / (1 + e^-x).
inline float sigmoid(float x) {
  if (x < -87.0f) {
    const Exponential decay = decay_by(min(-x, 200.0f), kLog2E, kLog2ELow);
    return ldexp(decay.mantissa, decay.exponent);
  }
  const float small = precise::exp(-fabs(x));
  return (x < 0.0f ? small : 1.0f) / (1.0f + small);
}

/// log(1 + e^x).
inline float softplus(float x) {
  const float small = precise::exp(-fabs(x));
  // Where 1 + small would lose what counts, the series of the logarithm; its next term is below
  // 2^-26 of the first.
  const float series = small * (1.0f - small * (0.5f - small * (1.0f / 3.0f - 0.25f * small)));
  const float rest = small < 0x1p-6f ? series : precise::log(1.0f + small);
  return x > 0.0f ? x + rest : rest;
}

/// x * sigmoid(1.702 x) (Hendrycks & Gimpel 2016).
inline float gelu_quick(float x) {
  // 1.702 log2(e).
  return times_sigmoid(x, decay_by(min(fabs(x), 100.0f), 0x1.3a4cbep+1f, -0x1.c08ecap-26f));
}

/// x * P(x), P being the normal distribution: 0.5 x (1 + erf(x / sqrt(2))).
inline float gelu_erf(float x) {
  const float size = min(fabs(x), 20.0f);
  const float square = size * size;
  if (size < 1.0f) {
    // Taylor's series of (P(x) - 0.5) / x; its next term is below 2^-28.
    float slope = -0x1.62226ap-25f;
    slope = fma(slope, square, 0x1.658a22p-21f);
    slope = fma(slope, square, -0x1.3ce8fap-17f);
    slope = fma(slope, square, 0x1.e42b0ep-14f);
    slope = fma(slope, square, -0x1.374040p-10f);
    slope = fma(slope, square, 0x1.46d042p-7f);
    slope = fma(slope, square, -0x1.105838p-4f);
    slope = fma(slope, square, 0x1.988454p-2f);
    return x * fma(x, slope, 0.5f);
  }
  // P(-size) = e^(-size^2 / 2) p(u) / (1.25 size + 1) with u = (size - 4) / (size + 4): p has no pole
  // and hardly a slope. A weighted least-squares fit from 0 to 21, to 2^-28.
  const float u = (size - 4.0f) / (size + 4.0f);
  float p = -0x1.8b64aap-14f;
  p = fma(p, u, -0x1.237e8ap-14f);
  p = fma(p, u, 0x1.da58d2p-11f);
  p = fma(p, u, -0x1.1a71d0p-11f);
  p = fma(p, u, -0x1.a1fb12p-8f);
  p = fma(p, u, 0x1.92360ep-6f);
  p = fma(p, u, -0x1.88eafcp-5f);
  p = fma(p, u, 0x1.b7b81ap-5f);
  p = fma(p, u, -0x1.bd7d64p-7f);
  p = fma(p, u, -0x1.40a26cp-4f);
  p = fma(p, u, 0x1.22078cp-1f);
  // size^2 / 2 log2(e), its integer part by itself.
  const float half_log2_e = 0x1.715476p-1f;
  const float half_log2_e_low = 0x1.4ae0c0p-27f;
  const float square_low = fma(size, size, -square);
  const float exponent = rint(square * half_log2_e);
  const float rest = fma(square, half_log2_e, -exponent) +
                     (half_log2_e_low * square + half_log2_e * square_low);
  const Exponential tail = {precise::exp2(-rest) * (p / fma(1.25f, size, 1.0f)), -int(exponent)};
  if (x > 0.0f) return x * (1.0f - value_of(tail));
  // At -infinity infinity meets 0, and a NaN has no size.
  return fabs(x) < INFINITY ? ldexp(-size * tail.mantissa, tail.exponent) : NAN;
}

/// e^x - 1 - x for x <= 0, without cancellation near 0.
inline float exponential_beyond_line(float x) {
  if (x < -0.5f) return precise::exp(x) - 1.0f - x;
  // Taylor's series, whose next term is below 2^-26 of the first.
  float sum = 1.0f / 40320.0f;
  sum = fma(sum, x, 1.0f / 5040.0f);
  sum = fma(sum, x, 1.0f / 720.0f);
  sum = fma(sum, x, 1.0f / 120.0f);
  sum = fma(sum, x, 1.0f / 24.0f);
  sum = fma(sum, x, 1.0f / 6.0f);
  sum = fma(sum, x, 0.5f);
  return sum * x * x;
}

/// Huang & Schlag, "Deriving Activation Functions via Integration", 2024, as ggml computes it.
inline float xielu(float x, float alpha_p, float alpha_n, float beta, float epsilon) {
  if (x > 0.0f) return fma(alpha_p * x, x, beta * x);
  const float low = min(x, epsilon);
  const float beyond = exponential_beyond_line(low) + (low - x);
  return fma(alpha_n, beyond, beta * x);
}
