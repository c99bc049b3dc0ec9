// Hyperbolic functions of one float and their inverses; see math_exp.h for the form.
#pragma once

#include "math_exp.h"

namespace metal::detail {

// e^x / 2, which cosh and sinh need where e^x itself overflows.
ANVIL_FN float half_exp(float x) {
  const exp_argument a = reduce_exp(into(x, -104.0f, 90.0f));
  return scale2(exp_reduced(a.r), a.n - 1);
}
ANVIL_FN float cosh_f32(float x) {
  const float e = half_exp(__builtin_fabsf(x));
  return e + 0.25f / e;
}
ANVIL_FN float sinh_f32(float x) {
  ANVIL_EXACT
  const float a = __builtin_fabsf(x), z = x * x;
  float q = fma1(0x1.7a2658p-19f, z, 0x1.9ffe14p-13f);
  q = fma1(q, z, 0x1.111136p-7f);
  q = fma1(q, z, 0x1.555556p-3f);
  const float e = half_exp(a);
  const float large = __builtin_elementwise_copysign(e - 0.25f / e, x);
  return pick(a < 1.0f, fma1(q * z, x, x), large);
}
// e^2a - 1 over e^2a + 1; from 10 on the quotient rounds to 1.
ANVIL_FN float tanh_f32(float x) {
  ANVIL_EXACT
  const float a = into(__builtin_fabsf(x), 0.0f, 10.0f);
  const exp_argument e = reduce_exp(a + a);
  const float s = u2f(uint(e.n + 127) << 23);
  const float m = fma1(expm1_reduced(e.r), s, s - 1.0f);
  return __builtin_elementwise_copysign(m / (m + 2.0f), x);
}

inline constexpr float kLn2 = 0x1.62e430p-1f;

ANVIL_FN float asinh_f32(float x) {
  ANVIL_EXACT
  const float a = __builtin_fabsf(x), z = a * a;
  const bool large = a > 0x1p12f;
  const float near = a + z / (1.0f + __builtin_elementwise_sqrt(z + 1.0f));
  const float y = log1p_f32(pick(large, a - 1.0f, near));
  return __builtin_elementwise_copysign(pick(large, y + kLn2, y), x);
}
ANVIL_FN float acosh_f32(float x) {
  ANVIL_EXACT
  const bool large = x > 0x1p12f;
  const float t = x - 1.0f;
  const float y = log1p_f32(pick(large, t, t + __builtin_elementwise_sqrt(fma1(t, t, t + t))));
  return pick(x >= 1.0f, pick(large, y + kLn2, y), __builtin_nanf(""));
}
ANVIL_FN float atanh_f32(float x) {
  ANVIL_EXACT
  const float a = __builtin_fabsf(x);
  const float y = 0.5f * log1p_f32(2.0f * a / (1.0f - a));
  return __builtin_elementwise_copysign(y, x);
}

}  // namespace metal::detail
