// Trigonometric functions of one float and their inverses; see math_exp.h for the form.
#pragma once

#include "math_exp.h"

namespace metal::detail {

// x = quadrant pi/2 + r, |r| <= pi/4.
struct angle {
  float r;
  uint quadrant;
};

inline constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
inline constexpr double kHalfPi = 0x1.921fb54442d18p+0, kHalfPiLo = 0x1.1a62633145c07p-54;

// For |x| < 2^30: the product is exact within the fused operations, so r is good to 2^-53.
ANVIL_FN angle reduce_angle_medium(float x) {
  ANVIL_EXACT
  const double d = x, t = fma1(d, kTwoOverPi, kRoundDouble), n = t - kRoundDouble;
  const double r = fma1(n, -kHalfPiLo, fma1(n, -kHalfPi, d));
  return {float(r), uint(__builtin_bit_cast(ulong, t))};
}

// For |x| >= 2^24, any magnitude: Payne and Hanek, "Radian reduction for trigonometric functions"
// (1983). Of 2/pi only the 96 bits that decide the quadrant and 62 bits after it are multiplied.
ANVIL_FN angle reduce_angle_large(float x) {
  ANVIL_EXACT
  const uint u = f2u(x), exponent = (u >> 23) & 0xff, m = (u & 0x7fffff) | 0x800000;
  const uint start = exponent - 152;  // of the window, in bits of 2/pi; |x| = m 2^(exponent - 150)
  // The word of the window's first bit is 0 to 3; two rounds of selection find it.
  const bool one = start & 32, two = start & 64;
  const uint a0 = one ? 0x4e441529u : 0xa2f9836eu, a1 = one ? 0xfc2757d1u : 0x4e441529u;
  const uint a2 = one ? 0xf534ddc0u : 0xfc2757d1u, a3 = one ? 0xdb629599u : 0xf534ddc0u;
  const uint a4 = one ? 0x3c439041u : 0xdb629599u, a5 = one ? 0xfe5163abu : 0x3c439041u;
  const uint b0 = two ? a2 : a0, b1 = two ? a3 : a1, b2 = two ? a4 : a2, b3 = two ? a5 : a3;
  const uint shift = start & 31;
  const uint w0 = __builtin_elementwise_fshl(b0, b1, shift);
  const uint w1 = __builtin_elementwise_fshl(b1, b2, shift);
  const uint w2 = __builtin_elementwise_fshl(b2, b3, shift);
  const ulong low = ulong(m) * w2 >> 32, middle = ulong(m) * w1;
  const ulong turns = (ulong(m * w0) << 32) + middle + low;  // quarter turns, 62 bits of fraction
  const uint quadrant = uint((turns + (1ul << 61)) >> 62);
  const ulong part = turns - (ulong(quadrant) << 62);
  const double fraction =
      fma1(double(int(uint(part >> 32))), 0x1p-30, double(int(uint(part) >> 1)) * 0x1p-61);
  const uint sign = u & 0x80000000u;
  const float r = u2f(f2u(float(fraction * kHalfPi)) ^ sign);
  return {pick(exponent != 255, r, __builtin_nanf("")), pick(sign != 0, 0u - quadrant, quadrant)};
}
ANVIL_FN angle reduce_angle(float x) {
  const angle a = reduce_angle_medium(x), b = reduce_angle_large(x);
  const bool large = (f2u(x) & 0x7fffffff) >= 0x4d800000u;  // 2^28
  return {pick(large, b.r, a.r), pick(large, b.quadrant, a.quadrant)};
}
// For metal::fast: |x| < 2^30; a larger one still gives a result in [-1, 1].
ANVIL_FN angle reduce_angle_fast(float x) {
  angle a = reduce_angle_medium(x);
  a.r = into(a.r, -1.0f, 1.0f);
  return a;
}

// For |r| <= pi/4: relative errors 2^-37 and 2^-33.
ANVIL_FN float sin_reduced(float r) {
  ANVIL_EXACT
  const float z = r * r;
  float q = fma1(0x1.6cd60ep-19f, z, -0x1.a00f94p-13f);
  q = fma1(q, z, 0x1.111108p-7f);
  q = fma1(q, z, -0x1.555556p-3f);
  return fma1(q * z, r, r);
}
ANVIL_FN float cos_reduced(float r) {
  ANVIL_EXACT
  const float z = r * r;
  float q = fma1(0x1.99ffb0p-16f, z, -0x1.6c0c84p-10f);
  q = fma1(q, z, 0x1.55554ap-5f);
  q = fma1(q, z, -0.5f);
  return fma1(q, z, 1.0f);
}
ANVIL_FN float negate_if(float v, uint bit) {
  return u2f(f2u(v) ^ (bit << 31));
}

ANVIL_FN float sin_of(angle a) {
  const float s = sin_reduced(a.r), c = cos_reduced(a.r);
  return negate_if(a.quadrant & 1 ? c : s, a.quadrant >> 1);
}
ANVIL_FN float cos_of(angle a) {
  return sin_of({a.r, a.quadrant + 1});
}
ANVIL_FN float tan_of(angle a) {
  const float s = sin_reduced(a.r), c = cos_reduced(a.r);
  const bool odd = a.quadrant & 1;
  return pick(odd, c, s) / pick(odd, -s, c);
}
// sin(x) for tiny x is x itself, -0 included: the reduction's additions lose the sign of zero.
ANVIL_FN float keep_zero(float x, float y) {
  return x == 0.0f ? x : y;
}

ANVIL_FN float sin_f32(float x) {
  return keep_zero(x, sin_of(reduce_angle(x)));
}
ANVIL_FN float cos_f32(float x) {
  return cos_of(reduce_angle(x));
}
ANVIL_FN float tan_f32(float x) {
  return keep_zero(x, tan_of(reduce_angle(x)));
}
ANVIL_FN float sin_fast_f32(float x) {
  return sin_of(reduce_angle_fast(x));
}
ANVIL_FN float cos_fast_f32(float x) {
  return cos_of(reduce_angle_fast(x));
}
ANVIL_FN float tan_fast_f32(float x) {
  return tan_of(reduce_angle_fast(x));
}

// pi x = quadrant pi/2 + r. Every float of 2^24 and more is an even integer.
ANVIL_FN angle reduce_turns(float x) {
  ANVIL_EXACT
  const bool large = !(__builtin_fabsf(x) < 0x1p24f);
  const float y = pick(large, x - x, x);  // 0, or NaN for infinity and NaN
  const float n = __builtin_elementwise_rint(y * 2.0f), f = fma1(n, -0.5f, y);
  return {fma1(f, 0x1.921fb6p+1f, f * -0x1.777a5cp-24f), uint(int(n == n ? n : 0.0f))};
}
ANVIL_FN float sinpi_f32(float x) {
  return keep_zero(x, sin_of(reduce_turns(x)));
}
ANVIL_FN float cospi_f32(float x) {
  return cos_of(reduce_turns(x));
}
ANVIL_FN float tanpi_f32(float x) {
  return keep_zero(x, tan_of(reduce_turns(x)));
}

// (asin(x) - x) / x for 0 <= x <= 1/2, z = x^2; relative error of asin 2^-31.
ANVIL_FN float asin_tail(float z) {
  ANVIL_EXACT
  float q = fma1(0x1.33aa8ep-5f, z, 0x1.d8284cp-7f);
  q = fma1(q, z, 0x1.04a254p-5f);
  q = fma1(q, z, 0x1.6caccap-5f);
  q = fma1(q, z, 0x1.33388ap-4f);
  q = fma1(q, z, 0x1.55554cp-3f);
  return q * z;
}
ANVIL_FN float asin_f32(float x) {
  ANVIL_EXACT
  const float a = __builtin_fabsf(x);
  const bool big = a > 0.5f;
  // asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)).
  const float z = pick(big, fma1(a, -0.5f, 0.5f), a * a);
  const float s = pick(big, __builtin_elementwise_sqrt(z), a);
  const float y = fma1(asin_tail(z), s, s);
  const float folded = fma1(y, -2.0f, -0x1.777a5cp-25f) + 0x1.921fb6p+0f;
  return __builtin_elementwise_copysign(big ? folded : y, x);
}
ANVIL_FN float acos_f32(float x) {
  ANVIL_EXACT
  const float a = __builtin_fabsf(x);
  const bool big = a > 0.5f;
  const float z = pick(big, fma1(a, -0.5f, 0.5f), a * a);
  const float s = pick(big, __builtin_elementwise_sqrt(z), a);
  const float y = fma1(asin_tail(z), s, s);
  const float near_one = y + y;
  const float near_minus_one = fma1(y, -2.0f, -0x1.777a5cp-24f) + 0x1.921fb6p+1f;
  const float signed_y = __builtin_elementwise_copysign(y, x);
  const float middle = 0x1.921fb6p+0f - (signed_y + 0x1.777a5cp-25f);
  return pick(big, pick(x < 0.0f, near_minus_one, near_one), middle);
}

// atan(low / high) for 0 <= low <= high: one division, then |q| <= tan(pi/8).
ANVIL_FN float atan_ratio(float low, float high) {
  ANVIL_EXACT
  const bool big = low > high * 0x1.a8279ap-2f;
  const float q = pick(big, low - high, low) / pick(big, low + high, high);
  const float z = q * q;
  float p = fma1(-0x1.f2101cp-5f, z, 0x1.b1f5c4p-4f);
  p = fma1(p, z, -0x1.23b602p-3f);
  p = fma1(p, z, 0x1.9991a6p-3f);
  p = fma1(p, z, -0x1.55554ap-2f);
  const float y = fma1(p * z, q, q);
  return pick(big, 0x1.921fb6p-1f + (y - 0x1.777a5cp-26f), y);
}
ANVIL_FN float atan_f32(float x) {
  ANVIL_EXACT
  const float a = __builtin_fabsf(x);
  const bool big = a > 1.0f;
  const float y = atan_ratio(big ? 1.0f : a, big ? a : 1.0f);
  const float r = pick(big, 0x1.921fb6p+0f - (y + 0x1.777a5cp-25f), y);
  return __builtin_elementwise_copysign(r, x);
}
ANVIL_FN float atan2_f32(float y, float x) {
  ANVIL_EXACT
  const float ay = __builtin_fabsf(y), ax = __builtin_fabsf(x);
  const bool steep = ay > ax;
  const bool both_infinite = ax == __builtin_inff() && ay == __builtin_inff();
  const bool both_zero = ax == 0.0f && ay == 0.0f;
  const float low = steep ? ax : ay, high = steep ? ay : ax;
  // Scaled so that neither low + high nor a subnormal quotient goes wrong.
  const float scale = high > 0x1p60f ? 0x1p-30f : high < 0x1p-60f ? 0x1p60f : 1.0f;
  const float one_infinite = pick(high == __builtin_inff(), 0.0f, low * scale);
  const float l = both_infinite ? 1.0f : both_zero ? 0.0f : one_infinite;
  const float h = pick(both_zero || high == __builtin_inff(), 1.0f, high * scale);
  const float t = atan_ratio(l, h);
  const float upright = pick(steep, 0x1.921fb6p+0f - (t + 0x1.777a5cp-25f), t);
  const float folded = 0x1.921fb6p+1f - (upright + 0x1.777a5cp-24f);
  const float r = int(f2u(x)) < 0 ? folded : upright;
  return pick(x == x && y == y, __builtin_elementwise_copysign(r, y), x + y);
}

}  // namespace metal::detail
