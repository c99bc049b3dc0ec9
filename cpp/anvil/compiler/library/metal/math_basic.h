// Rounding, remainders, roots and the functions that take a float apart; see math_exp.h for the
// form.
#pragma once

#include "common.h"
#include "math_exp.h"

namespace metal::detail {

// Halves away from zero. The largest float below 1/2 keeps 0.49999997 from becoming 1.
ANVIL_FN float round_f32(float x) {
  ANVIL_EXACT
  return __builtin_elementwise_trunc(x + __builtin_elementwise_copysign(0x1.fffffep-2f, x));
}
// Correctly rounded: no float's root is so close to the middle of two floats that a double misses
// it.
ANVIL_FN float rsqrt_f32(float x) {
  ANVIL_EXACT
  return static_cast<float>(1.0 / __builtin_elementwise_sqrt(static_cast<double>(x)));
}
// Not by an estimate and a Newton step, which give NaN for 0 and infinity.
ANVIL_FN float rsqrt_fast_f32(float x) {
  ANVIL_EXACT
  return 1.0f / __builtin_elementwise_sqrt(x);
}
// Below 1, where the exact fraction of a small negative number rounds to 1.
template <class T>
ANVIL_FN T fract_of(T x) {
  ANVIL_EXACT
  constexpr float most = 1.0f - 0.5f * float(numeric_limits<T>::epsilon());
  const float v = float(x), f = v - __builtin_elementwise_floor(v);
  return T(f > most ? most : f);
}
// a - b trunc(a / b) for a >= 0, b > 0 and a < 2^52 b: the quotient is off by at most one, which
// the sign shows.
ANVIL_FN double remainder_below(double a, double b) {
  ANVIL_EXACT
  const double q = __builtin_elementwise_trunc(a / b);
  double r = fma1(-q, b, a);
  r = pick(r < 0.0, r + b, r);
  return pick(r >= b, r - b, r);
}
// The remainder by a multiple of y leaves the remainder by y, and 52 bits of the quotient go at a
// time: the largest float has 2^277 of the smallest.
ANVIL_FN float fmod_f32(float x, float y) {
  ANVIL_EXACT
  double a = __builtin_fabsf(x);
  const double b = __builtin_fabsf(y);
  if (a >= b * 0x1p52)
    for (double multiple = b * 0x1p260; multiple > b; multiple *= 0x1p-52)
      a = pick(a >= multiple, remainder_below(a, multiple), a);
  const float f = __builtin_elementwise_copysign(float(remainder_below(a, b)), x);
  const bool finite = (f2u(x) & 0x7f800000) != 0x7f800000;
  return y == y && finite && __builtin_fabsf(y) == __builtin_inff() ? x : f;
}
ANVIL_FN float fdim_f32(float x, float y) {
  const float d = x - y;
  return pick(x > y, d, pick(x == x && y == y, 0.0f, x + y));
}
// x 2^k in one rounding: every float times any of these powers is a normal double.
ANVIL_FN float ldexp_f32(float x, int k) {
  k = k < -300 ? -300 : k > 300 ? 300 : k;
  return float(double(x) * __builtin_bit_cast(double, ulong(k + 1023) << 52));
}
struct frexp_result {
  float fraction;
  int exponent;
};
ANVIL_FN frexp_result frexp_f32(float x) {
  ANVIL_EXACT
  const bool small = (f2u(x) & 0x7f800000) == 0;
  const uint u = f2u(pick(small, x * 0x1p24f, x)), e = (u >> 23) & 0xff;
  const bool plain = e != 255 && (u & 0x7fffffff) != 0;
  return {pick(plain, u2f((u & 0x807fffff) | 0x3f000000), x),
          pick(plain, int(e) - 126 - (small ? 24 : 0), 0)};
}
ANVIL_FN int ilogb_f32(float x) {
  const frexp_result f = frexp_f32(x);
  const uint m = f2u(x) & 0x7fffffff;
  const int special = m == 0x7f800000 ? numeric_limits<int>::max() : numeric_limits<int>::min();
  return pick(m == 0 || m >= 0x7f800000, special, f.exponent - 1);
}
// The next number towards y, on the bits of any format.
template <class T>
ANVIL_FN T next_after(T x, T y) {
  using U = typename float_bits<T>::type;
  constexpr U sign = U(U(1) << (sizeof(U) * 8 - 1));
  const U u = bits_of(x);
  const bool grows = (x < y) == ((u & sign) == 0);
  const U step = grows ? U(1) : U(~U(0));
  const U moved = pick(magnitude_bits(x) == 0, U((bits_of(y) & sign) | 1), U(u + step));
  const T next = __builtin_bit_cast(T, moved);
  const bool stay = isnan(y) || x == y;
  return pick(bool(isnan(x)), x, pick(stay, y, next));
}

}  // namespace metal::detail
