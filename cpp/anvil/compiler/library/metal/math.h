// <metal_math>: the functions of specification 6.6 for half, bfloat and float and their vectors, in
// namespaces metal, metal::fast and metal::precise. half and bfloat compute in float and round
// once.
//
// Errors are within the specification's table for precise math; the tests state what was measured.
// The fast variants are the same functions, but that sin, cos and tan reduce arguments up to 2^30
// only, which makes them four times as fast.
#pragma once

#include "math_basic.h"
#include "math_hyperbolic.h"
#include "math_trig.h"

namespace metal {

#define ANVIL_MATH1(name, call)                                                \
  template <detail::real A>                                                    \
  ANVIL_FN A name(A x) {                                                       \
    return detail::map_float([](float v) ANVIL_INLINE { return call(v); }, x); \
  }
#define ANVIL_MATH2(name, call)                                                               \
  template <class A, class B>                                                                 \
    requires(detail::real<A, B>)                                                              \
  ANVIL_FN detail::result<A, B> name(A x, B y) {                                              \
    return detail::map_float([](float v, float w) ANVIL_INLINE { return call(v, w); }, x, y); \
  }
#define ANVIL_MATH3(name, call)                                                                    \
  template <class A, class B, class C>                                                             \
    requires(detail::real<A, B, C>)                                                                \
  ANVIL_FN detail::result<A, B, C> name(A x, B y, C z) {                                           \
    return detail::map_float([](float u, float v, float w) ANVIL_INLINE { return call(u, v, w); }, \
                             x, y, z);                                                             \
  }

namespace detail {
ANVIL_FN float divide_f32(float a, float b) {
  return a / b;
}

// On arguments of every width, whose type the result has.
namespace precise {

ANVIL_MATH1(acos, detail::acos_f32)
ANVIL_MATH1(acosh, detail::acosh_f32)
ANVIL_MATH1(asin, detail::asin_f32)
ANVIL_MATH1(asinh, detail::asinh_f32)
ANVIL_MATH1(atan, detail::atan_f32)
ANVIL_MATH1(atanh, detail::atanh_f32)
ANVIL_MATH1(ceil, __builtin_elementwise_ceil)
ANVIL_MATH1(cos, detail::cos_f32)
ANVIL_MATH1(cosh, detail::cosh_f32)
ANVIL_MATH1(cospi, detail::cospi_f32)
ANVIL_MATH1(exp, detail::exp_f32)
ANVIL_MATH1(exp10, detail::exp10_f32)
ANVIL_MATH1(exp2, detail::exp2_f32)
ANVIL_MATH1(fabs, __builtin_fabsf)
ANVIL_MATH1(floor, __builtin_elementwise_floor)
ANVIL_MATH1(log, detail::log_f32)
ANVIL_MATH1(log10, detail::log10_f32)
ANVIL_MATH1(log2, detail::log2_f32)
ANVIL_MATH1(rint, __builtin_elementwise_rint)
ANVIL_MATH1(round, detail::round_f32)
ANVIL_MATH1(rsqrt, detail::rsqrt_f32)
ANVIL_MATH1(sin, detail::sin_f32)
ANVIL_MATH1(sinh, detail::sinh_f32)
ANVIL_MATH1(sinpi, detail::sinpi_f32)
ANVIL_MATH1(sqrt, __builtin_elementwise_sqrt)
ANVIL_MATH1(tan, detail::tan_f32)
ANVIL_MATH1(tanh, detail::tanh_f32)
ANVIL_MATH1(tanpi, detail::tanpi_f32)
ANVIL_MATH1(trunc, __builtin_elementwise_trunc)

ANVIL_MATH2(atan2, detail::atan2_f32)
ANVIL_MATH2(copysign, __builtin_elementwise_copysign)
ANVIL_MATH2(divide, detail::divide_f32)
ANVIL_MATH2(fdim, detail::fdim_f32)
ANVIL_MATH2(fmax, detail::op_max{})
ANVIL_MATH2(fmin, detail::op_min{})
ANVIL_MATH2(fmod, detail::fmod_f32)
ANVIL_MATH2(pow, detail::pow_f32)
ANVIL_MATH2(powr, detail::powr_f32)

ANVIL_MATH3(fma, __builtin_elementwise_fma)

template <detail::real A>
ANVIL_FN A fract(A x) {
  return detail::map_same([](auto v) ANVIL_INLINE { return detail::fract_of(v); }, x);
}

template <class A, class B, class C>
  requires(detail::real<A, B, C>)
ANVIL_FN auto fmin3(A a, B b, C c) {
  return fmin(a, fmin(b, c));
}
template <class A, class B, class C>
  requires(detail::real<A, B, C>)
ANVIL_FN auto fmax3(A a, B b, C c) {
  return fmax(a, fmax(b, c));
}
using metal::fmedian3;

template <detail::real A>
ANVIL_FN A sincos(A x, detail::type_identity_t<A>& cosine) {
  cosine = cos(x);
  return sin(x);
}
template <detail::real A>
ANVIL_FN A modf(A x, detail::type_identity_t<A>& whole) {
  whole = trunc(x);
  // x - whole keeps the sign of x, as an infinity's fraction is 0.
  return detail::map_float(
      [](float v, float w) ANVIL_INLINE {
        return __builtin_elementwise_copysign(detail::pick(v == w, 0.0f, v - w), v);
      },
      x, whole);
}
template <detail::real A, class K>
ANVIL_FN A ldexp(A x, K k) {
  using E = detail::element<A>;
  constexpr int n = detail::components<A>;
  auto one = [&](int i) ANVIL_INLINE {
    return detail::convert<E>(
        detail::ldexp_f32(detail::component<float>(x, i), detail::component<int>(k, i)));
  };
  if constexpr (n == 1)
    return one(0);
  else if constexpr (n == 2)
    return A(one(0), one(1));
  else if constexpr (n == 3)
    return A(one(0), one(1), one(2));
  else
    return A(one(0), one(1), one(2), one(3));
}
template <detail::real A, class I>
ANVIL_FN A frexp(A x, I& exponent) {
  exponent = detail::map<int, float, detail::components<A>>(
      [](float v) ANVIL_INLINE { return detail::frexp_f32(v).exponent; }, x);
  return detail::map_float([](float v) ANVIL_INLINE { return detail::frexp_f32(v).fraction; }, x);
}
template <detail::real A>
ANVIL_FN auto ilogb(A x) {
  return detail::map<int, float, detail::components<A>>(
      [](float v) ANVIL_INLINE { return detail::ilogb_f32(v); }, x);
}
template <class A, class B>
  requires(detail::real<A, B>)
ANVIL_FN detail::result<A, B> nextafter(A x, B y) {
  return detail::map_same([](auto v, auto w) ANVIL_INLINE { return detail::next_after(v, w); }, x,
                          y);
}

}  // namespace precise

// clang-format off
#define ANVIL_SHARED_MATH(use)                                                                 \
  use(acos) use(acosh) use(asin) use(asinh) use(atan) use(atan2) use(atanh) use(ceil)          \
  use(copysign) use(cosh) use(cospi) use(divide) use(exp) use(exp2) use(exp10) use(fabs)       \
  use(fdim) use(floor) use(fma) use(fmax) use(fmax3) use(fmin) use(fmin3) use(fmod) use(fract) \
  use(ilogb) use(ldexp) use(log) use(log10) use(log2) use(nextafter)                           \
  use(pow) use(powr) use(rint) use(round) use(sinh) use(sinpi) use(sqrt) use(tanh)             \
  use(tanpi) use(trunc)
// clang-format on
#define ANVIL_OWN_MATH(use) use(rsqrt) use(sin) use(cos) use(tan)
// What gives a second result through a reference.
#define ANVIL_TWO_RESULTS(use) use(frexp) use(modf) use(sincos)

namespace fast {
#define ANVIL_USE(name) using precise::name;
ANVIL_SHARED_MATH(ANVIL_USE)
#undef ANVIL_USE
using metal::fmedian3;
using precise::frexp;
using precise::modf;

ANVIL_MATH1(rsqrt, detail::rsqrt_fast_f32)
ANVIL_MATH1(sin, detail::sin_fast_f32)
ANVIL_MATH1(cos, detail::cos_fast_f32)
ANVIL_MATH1(tan, detail::tan_fast_f32)
template <detail::real A>
ANVIL_FN A sincos(A x, detail::type_identity_t<A>& cosine) {
  cosine = cos(x);
  return sin(x);
}
}  // namespace fast

template <class T>
ANVIL_FN constexpr auto single(T v) {
  if constexpr (__is_same(T, half) || __is_same(T, bfloat))
    return static_cast<float>(v);
  else
    return v;
}
}  // namespace detail

// Metal has these of float alone: a half or a bfloat becomes one, and so is the result.
#define ANVIL_SINGLE(space, name)                                             \
  template <class... A>                                                       \
    requires(requires(A... a) { detail::space::name(detail::single(a)...); }) \
  ANVIL_FN auto name(A... a) {                                                \
    return detail::space::name(detail::single(a)...);                         \
  }
namespace precise {
#define ANVIL_USE(name) ANVIL_SINGLE(precise, name)
ANVIL_SHARED_MATH(ANVIL_USE)
ANVIL_OWN_MATH(ANVIL_USE)
#undef ANVIL_USE
#define ANVIL_USE(name) using detail::precise::name;
ANVIL_TWO_RESULTS(ANVIL_USE)
#undef ANVIL_USE
using metal::fmedian3;
}  // namespace precise
namespace fast {
#define ANVIL_USE(name) ANVIL_SINGLE(fast, name)
ANVIL_SHARED_MATH(ANVIL_USE)
ANVIL_OWN_MATH(ANVIL_USE)
#undef ANVIL_USE
#define ANVIL_USE(name) using detail::fast::name;
ANVIL_TWO_RESULTS(ANVIL_USE)
#undef ANVIL_USE
using metal::fmedian3;
}  // namespace fast
#undef ANVIL_SINGLE

#define ANVIL_USE(name) using detail::ANVIL_DEFAULT_MATH::name;
ANVIL_SHARED_MATH(ANVIL_USE)
ANVIL_OWN_MATH(ANVIL_USE)
ANVIL_TWO_RESULTS(ANVIL_USE)
#undef ANVIL_USE
#undef ANVIL_TWO_RESULTS
#undef ANVIL_MATH1
#undef ANVIL_MATH2
#undef ANVIL_MATH3

}  // namespace metal
