// <metal_common>: minimum, maximum and interpolation, for integers and floats (specification 6.3).
#pragma once

#include "integer.h"
#include "relational.h"

namespace metal {
namespace detail {

// A NaN loses against a number, as in Metal's fmin and fmax.
struct op_min {
  template <class T>
  ANVIL_FN constexpr T operator()(T a, T b) const {
    if constexpr (is_floating_point_v<T>)
      return static_cast<T>(__builtin_fminf(static_cast<float>(a), static_cast<float>(b)));
    else
      return b < a ? b : a;
  }
};
struct op_max {
  template <class T>
  ANVIL_FN constexpr T operator()(T a, T b) const {
    if constexpr (is_floating_point_v<T>)
      return static_cast<T>(__builtin_fmaxf(static_cast<float>(a), static_cast<float>(b)));
    else
      return a < b ? b : a;
  }
};
struct op_clamp {
  template <class T>
  ANVIL_FN constexpr T operator()(T v, T lo, T hi) const {
    return op_min{}(op_max{}(v, lo), hi);
  }
};
struct op_median {
  template <class T>
  ANVIL_FN constexpr T operator()(T a, T b, T c) const {
    return op_max{}(op_min{}(a, b), op_min{}(op_max{}(a, b), c));
  }
};
struct op_abs {
  template <class T>
  ANVIL_FN constexpr T operator()(T v) const {
    if constexpr (__is_same(T, float))
      return __builtin_fabsf(v);
    else if constexpr (is_floating_point_v<T>)
      return __builtin_bit_cast(T, magnitude_bits(v));
    else if constexpr (is_signed_v<T>)
      return static_cast<T>(v < 0 ? 0 - static_cast<unsigned_of<T>>(v) : v);
    else
      return v;
  }
};
struct op_sign {
  ANVIL_FN constexpr float operator()(float v) const {
    return v > 0.0f ? 1.0f : v < 0.0f ? -1.0f : v == 0.0f ? v : 0.0f;
  }
};

}  // namespace detail

template <detail::arithmetic A>
ANVIL_FN constexpr A abs(A v) {
  return detail::map_same(detail::op_abs{}, v);
}
template <detail::real A>
ANVIL_FN constexpr A sign(A v) {
  return detail::map_float(detail::op_sign{}, v);
}
template <detail::real A>
ANVIL_FN constexpr A saturate(A v) {
  return detail::map_float([](float x) ANVIL_INLINE { return detail::op_clamp{}(x, 0.0f, 1.0f); },
                           v);
}

#define ANVIL_COMMON(name, kind, params, op)               \
  template <class... A>                                    \
    requires(sizeof...(A) == params && detail::kind<A...>) \
  ANVIL_FN constexpr detail::result<A...> name(A... a) {   \
    return detail::map_same(detail::op, a...);             \
  }
ANVIL_COMMON(min, arithmetic, 2, op_min{})
ANVIL_COMMON(max, arithmetic, 2, op_max{})
ANVIL_COMMON(clamp, arithmetic, 3, op_clamp{})
ANVIL_COMMON(median3, arithmetic, 3, op_median{})
ANVIL_COMMON(fmedian3, real, 3, op_median{})
#undef ANVIL_COMMON
template <class A, class B, class C>
  requires(detail::arithmetic<A, B, C>)
ANVIL_FN constexpr auto min3(A a, B b, C c) {
  return min(a, min(b, c));
}
template <class A, class B, class C>
  requires(detail::arithmetic<A, B, C>)
ANVIL_FN constexpr auto max3(A a, B b, C c) {
  return max(a, max(b, c));
}

#define ANVIL_COMMON_FLOAT(name, params, body, ...)                                \
  template <class... A>                                                            \
    requires(sizeof...(A) == params && detail::real<A...>)                         \
  ANVIL_FN constexpr detail::result<A...> name(A... a) {                           \
    return detail::map_float([](__VA_ARGS__) ANVIL_INLINE { return body; }, a...); \
  }
ANVIL_COMMON_FLOAT(mix, 3, __builtin_fmaf(y - x, t, x), float x, float y, float t)
ANVIL_COMMON_FLOAT(step, 2, x < edge ? 0.0f : 1.0f, float edge, float x)
namespace detail {
ANVIL_FN float smooth(float t) {
  return t * t * __builtin_fmaf(-2.0f, t, 3.0f);
}
}  // namespace detail
ANVIL_COMMON_FLOAT(smoothstep, 3,
                   detail::smooth(detail::op_clamp{}((x - lo) / (hi - lo), 0.0f, 1.0f)), float lo,
                   float hi, float x)
#undef ANVIL_COMMON_FLOAT

namespace fast {
using metal::abs;
using metal::clamp;
using metal::max;
using metal::max3;
using metal::median3;
using metal::min;
using metal::min3;
using metal::mix;
using metal::saturate;
using metal::sign;
using metal::smoothstep;
using metal::step;
}  // namespace fast
namespace precise {
using metal::abs;
using metal::clamp;
using metal::max;
using metal::max3;
using metal::median3;
using metal::min;
using metal::min3;
using metal::mix;
using metal::saturate;
using metal::sign;
using metal::smoothstep;
using metal::step;
}  // namespace precise

}  // namespace metal
