// Exponentials and logarithms of one float: straight-line code, so that a simdgroup of them is SIMD
// code. Polynomials are minimax fits (Remez) of the reduced function; each bound is the fit's own,
// the measured error of the whole function is in tests/anvil/language/math_accuracy.cpp.
// Subnormal arguments and results are exact to the same bound as the others, unless the thread runs
// with flush-to-zero.
#pragma once

#include "types.h"

// Extra precision here comes from the exact order of roundings, whatever the kernel's own math
// mode.
#define ANVIL_EXACT _Pragma("clang fp reassociate(off) contract(off) reciprocal(off)")

namespace metal::detail {

ANVIL_FN constexpr uint f2u(float v) {
  return __builtin_bit_cast(uint, v);
}
ANVIL_FN constexpr float u2f(uint v) {
  return __builtin_bit_cast(float, v);
}
// The caller's pragma does not reach into them, and under reassociation a fma of x and a product of
// x becomes one product.
ANVIL_FN float fma1(float a, float b, float c) {
  ANVIL_EXACT
  return __builtin_elementwise_fma(a, b, c);
}
ANVIL_FN double fma1(double a, double b, double c) {
  ANVIL_EXACT
  return __builtin_elementwise_fma(a, b, c);
}

// A select, never a branch: both values are computed before it.
template <class T>
ANVIL_FN T pick(bool c, T a, T b) {
  return c ? a : b;
}

// x + kRound holds x rounded to an integer, in the low bits of its representation too.
inline constexpr float kRound = 0x1.8p23f;
inline constexpr double kRoundDouble = 0x1.8p52;

inline constexpr float kLn2Hi = 0x1.62e430p-1f, kLn2Lo = -0x1.05c610p-29f;
inline constexpr float kLog2e = 0x1.715476p+0f, kLog2eLo = 0x1.4ae0c0p-26f;
inline constexpr float kLog10e = 0x1.bcb7b2p-2f, kLog10eLo = -0x1.5b235ep-27f;

// A finite range that holds every argument whose result is neither 0 nor infinity; NaN stays NaN.
ANVIL_FN float into(float x, float lo, float hi) {
  x = x < lo ? lo : x;
  return x > hi ? hi : x;
}

// p 2^n for |n| < 252, rounded once: the two factors are normal. Their product may not be, which is
// why p is multiplied with one after the other.
ANVIL_FN float scale2(float p, int n) {
  ANVIL_EXACT
  const int half_n = n >> 1;
  return p * u2f(uint(half_n + 127) << 23) * u2f(uint(n - half_n + 127) << 23);
}

// e^r for |r| <= ln(2)/2, relative error 2^-28.
ANVIL_FN float exp_reduced(float r) {
  ANVIL_EXACT
  float q = fma1(0x1.6a2256p-10f, r, 0x1.123b02p-7f);
  q = fma1(q, r, 0x1.5558f8p-5f);
  q = fma1(q, r, 0x1.555490p-3f);
  q = fma1(q, r, 0x1.fffffcp-2f);
  return fma1(q, r * r, r) + 1.0f;
}
// 2^f for |f| <= 1/2, relative error 2^-28.
ANVIL_FN float exp2_reduced(float f) {
  ANVIL_EXACT
  float q = fma1(0x1.41fa94p-13f, f, 0x1.5f400ap-10f);
  q = fma1(q, f, 0x1.3b2d52p-7f);
  q = fma1(q, f, 0x1.c6aee6p-5f);
  q = fma1(q, f, 0x1.ebfbdcp-3f);
  q = fma1(q, f, 0x1.62e430p-1f);
  return fma1(q, f, 1.0f);
}
// e^r - 1 for |r| <= ln(2)/2, relative error 2^-31.
ANVIL_FN float expm1_reduced(float r) {
  ANVIL_EXACT
  float q = fma1(0x1.a1a2e2p-13f, r, 0x1.6d75dap-10f);
  q = fma1(q, r, 0x1.11108ep-7f);
  q = fma1(q, r, 0x1.5554acp-5f);
  q = fma1(q, r, 0x1.555556p-3f);
  q = fma1(q, r, 0.5f);
  return fma1(q, r * r, r);
}

// x = n ln(2) + r.
struct exp_argument {
  float r;
  int n;
};
ANVIL_FN exp_argument reduce_exp(float x) {
  ANVIL_EXACT
  const float t = fma1(x, kLog2e, kRound), n = t - kRound;
  return {fma1(n, -kLn2Lo, fma1(n, -kLn2Hi, x)), int(f2u(t) - f2u(kRound))};
}

ANVIL_FN float exp_f32(float x) {
  const exp_argument a = reduce_exp(into(x, -104.0f, 89.0f));
  return scale2(exp_reduced(a.r), a.n);
}
ANVIL_FN float exp2_f32(float x) {
  ANVIL_EXACT
  x = into(x, -151.0f, 129.0f);
  const float t = x + kRound;
  return scale2(exp2_reduced(x - (t - kRound)), int(f2u(t) - f2u(kRound)));
}
ANVIL_FN float exp10_f32(float x) {
  ANVIL_EXACT
  x = into(x, -46.0f, 39.0f);
  const float t = fma1(x, 0x1.a934f0p+1f, kRound), n = t - kRound;
  // What is left of x after n log10(2), times ln(10).
  const float r = fma1(n, 0x1.ec10c0p-27f, fma1(n, -0x1.344136p-2f, x));
  const float s = fma1(r, 0x1.26bb1cp+1f, r * -0x1.12aabap-25f);
  return scale2(exp_reduced(s), int(f2u(t) - f2u(kRound)));
}
// x = 2^k (1 + f) with 1 + f in [2/3, 4/3), for positive finite x.
struct log_argument {
  float f, k;
};
ANVIL_FN log_argument reduce_log(float x) {
  ANVIL_EXACT
  const bool small = x < 0x1p-126f;
  const uint u = f2u(pick(small, x * 0x1p24f, x));
  const int k = int(u - 0x3f2aaaabu) >> 23;
  return {u2f(u - (uint(k) << 23)) - 1.0f, float(k - (small ? 24 : 0))};
}
// ln(1 + f) - f for -1/3 <= f < 1/3, to 2^-27 of ln(1 + f).
ANVIL_FN float log_tail(float f) {
  ANVIL_EXACT
  const float s = f * f;
  float q = fma1(-0x1.080590p-3f, f, 0x1.1e66bap-3f);
  q = fma1(q, f, -0x1.f3113cp-4f);
  q = fma1(q, f, 0x1.1ed718p-3f);
  q = fma1(q, f, -0x1.559dccp-3f);
  q = fma1(q, f, 0x1.99d028p-3f);
  q = fma1(q, f, -0x1.fffef0p-3f);
  q = fma1(q, f, 0x1.555506p-2f);
  return fma1(q, f, -0.5f) * s;
}
// ln(0) = -inf, ln of a negative number or NaN is NaN, ln(inf) = inf; every base alike.
ANVIL_FN float log_special(float x, float y) {
  y = x == __builtin_inff() ? x : y;
  y = x == 0.0f ? -__builtin_inff() : y;
  return x >= 0.0f ? y : __builtin_nanf("");
}
ANVIL_FN float log_f32(float x) {
  ANVIL_EXACT
  const log_argument a = reduce_log(x);
  const float y = a.f + fma1(a.k, kLn2Lo, log_tail(a.f));
  return log_special(x, fma1(a.k, kLn2Hi, y));
}
ANVIL_FN float log2_f32(float x) {
  ANVIL_EXACT
  const log_argument a = reduce_log(x);
  const float tail = fma1(log_tail(a.f), kLog2e, a.f * kLog2eLo);
  return log_special(x, a.k + fma1(a.f, kLog2e, tail));
}
ANVIL_FN float log10_f32(float x) {
  ANVIL_EXACT
  const log_argument a = reduce_log(x);
  const float tail = fma1(log_tail(a.f), kLog10e, a.f * kLog10eLo);
  const float low = fma1(a.k, -0x1.ec10c0p-27f, fma1(a.f, kLog10e, tail));
  return log_special(x, fma1(a.k, 0x1.344136p-2f, low));
}
// ln(1 + x) for x > -1 (the inverse hyperbolic functions' need).
ANVIL_FN float log1p_f32(float x) {
  ANVIL_EXACT
  const float y = 1.0f + x;
  // What the addition rounded away; nothing that counts when x is large.
  const float lost = pick(x < 1.0f, x - (y - 1.0f), 1.0f - (y - x));
  const log_argument a = reduce_log(y);
  const float c = pick(y < 0x1p100f, lost / y, 0.0f);
  const float low = fma1(a.k, kLn2Lo, log_tail(a.f) + c);
  return log_special(y, fma1(a.k, kLn2Hi, a.f + low));
}

// log2 of a positive finite float, in double: relative error 2^-40.
ANVIL_FN double log2_f64(float x) {
  ANVIL_EXACT
  const log_argument a = reduce_log(x);
  const double f = a.f, s = f / (f + 2.0), z = s * s;
  double q = fma1(0x1.29cb72524da2fp-2, z, 0x1.46f2ff4a2fd97p-2);
  q = fma1(q, z, 0x1.a61e9be6a09acp-2);
  q = fma1(q, z, 0x1.2776bc51e951dp-1);
  q = fma1(q, z, 0x1.ec709dcb5840ap-1);
  q = fma1(q, z, 0x1.71547652b7e93p+1);
  return fma1(q, s, double(a.k));
}
// 2^(y log2(x)) for x >= 0 or NaN; the product is carried in double.
ANVIL_FN float power(float x, float y) {
  ANVIL_EXACT
  double l = log2_f64(x);
  l = x == 0.0f ? -__builtin_inf() : l;
  l = x == __builtin_inff() ? __builtin_inf() : l;
  double t = l * double(y);
  t = t < -160.0 ? -160.0 : t;
  t = t > 130.0 ? 130.0 : t;
  const double rounded = t + kRoundDouble;
  const float f = float(t - (rounded - kRoundDouble));
  const float r = scale2(exp2_reduced(f), int(uint(__builtin_bit_cast(ulong, rounded))));
  // A NaN base leaves nothing meaningful in l.
  return pick(x == x, r, x);
}
// pow knows x^0 and 1^y of every x and y; powr, as IEEE 754 defines it, has no 0^0, infinity^0 and
// 1^infinity.
ANVIL_FN float pow_magnitude(float x, float y) {
  return pick((x == 1.0f && y == y) || y == 0.0f, 1.0f, power(x, y));
}
ANVIL_FN float powr_f32(float x, float y) {
  const float r = power(x, y);
  return x < 0.0f ? __builtin_nanf("") : r;
}
ANVIL_FN float pow_f32(float x, float y) {
  const float r = pow_magnitude(__builtin_fabsf(x), y);
  const bool integer = __builtin_elementwise_trunc(y) == y;
  const float h = y * 0.5f;
  const bool odd = integer && __builtin_elementwise_trunc(h) != h;
  const bool negative = int(f2u(x)) < 0;
  const float s = u2f(f2u(r) ^ (negative && odd ? 0x80000000u : 0u));
  const bool domain = x < 0.0f && x != -__builtin_inff() && !integer && y == y;
  return pick(domain, __builtin_nanf(""), pick(x == 1.0f, 1.0f, s));
}

}  // namespace metal::detail
