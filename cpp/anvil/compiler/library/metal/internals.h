// Functions of Apple's own headers that published kernels call by their internal names: a math
// function with the variant as its last argument, and the simdgroup operations.
#pragma once

#include "math.h"
#include "simdgroup.h"

namespace metal::detail {
inline constexpr int kPreciseMath = 0, kFastMath = 1;
}  // namespace metal::detail

#define ANVIL_VARIANT(name, ...)                                                     \
  variant == metal::detail::kPreciseMath ? metal::detail::precise::name(__VA_ARGS__) \
  : variant == metal::detail::kFastMath  ? metal::detail::fast::name(__VA_ARGS__)    \
                                         : metal::name(__VA_ARGS__)
#define ANVIL_INTERNAL1(name)                   \
  template <metal::detail::real A>              \
  ANVIL_FN A __metal_##name(A x, int variant) { \
    return ANVIL_VARIANT(name, x);              \
  }
ANVIL_INTERNAL1(acos)
ANVIL_INTERNAL1(acosh)
ANVIL_INTERNAL1(asin)
ANVIL_INTERNAL1(asinh)
ANVIL_INTERNAL1(atan)
ANVIL_INTERNAL1(atanh)
ANVIL_INTERNAL1(ceil)
ANVIL_INTERNAL1(cos)
ANVIL_INTERNAL1(cosh)
ANVIL_INTERNAL1(cospi)
ANVIL_INTERNAL1(exp)
ANVIL_INTERNAL1(exp10)
ANVIL_INTERNAL1(exp2)
ANVIL_INTERNAL1(fabs)
ANVIL_INTERNAL1(floor)
ANVIL_INTERNAL1(fract)
ANVIL_INTERNAL1(log)
ANVIL_INTERNAL1(log10)
ANVIL_INTERNAL1(log2)
ANVIL_INTERNAL1(rint)
ANVIL_INTERNAL1(round)
ANVIL_INTERNAL1(rsqrt)
ANVIL_INTERNAL1(sin)
ANVIL_INTERNAL1(sinh)
ANVIL_INTERNAL1(sinpi)
ANVIL_INTERNAL1(sqrt)
ANVIL_INTERNAL1(tan)
ANVIL_INTERNAL1(tanh)
ANVIL_INTERNAL1(tanpi)
ANVIL_INTERNAL1(trunc)
#undef ANVIL_INTERNAL1
#define ANVIL_INTERNAL2(name)                        \
  template <metal::detail::real A>                   \
  ANVIL_FN A __metal_##name(A x, A y, int variant) { \
    return ANVIL_VARIANT(name, x, y);                \
  }
ANVIL_INTERNAL2(atan2)
ANVIL_INTERNAL2(divide)
ANVIL_INTERNAL2(fmax)
ANVIL_INTERNAL2(fmin)
ANVIL_INTERNAL2(fmod)
ANVIL_INTERNAL2(pow)
ANVIL_INTERNAL2(powr)
#undef ANVIL_INTERNAL2
#define ANVIL_INTERNAL3(name)                             \
  template <metal::detail::real A>                        \
  ANVIL_FN A __metal_##name(A x, A y, A z, int variant) { \
    return ANVIL_VARIANT(name, x, y, z);                  \
  }
ANVIL_INTERNAL3(fmax3)
ANVIL_INTERNAL3(fmedian3)
ANVIL_INTERNAL3(fmin3)
#undef ANVIL_INTERNAL3
#undef ANVIL_VARIANT

template <metal::detail::real A>
ANVIL_FN A __metal_fma(A x, A y, A z) {
  return metal::fma(x, y, z);
}
template <metal::detail::real A>
ANVIL_FN A __metal_nextafter(A x, A y) {
  return metal::nextafter(x, y);
}
template <metal::detail::real A, class I>
ANVIL_FN A __metal_frexp(A x, I* exponent) {
  return metal::frexp(x, *exponent);
}
template <metal::detail::real A, class K>
ANVIL_FN A __metal_ldexp(A x, K k, int) {
  return metal::ldexp(x, k);
}

#define ANVIL_FORWARD(name)              \
  template <class... A>                  \
  ANVIL_FN auto __metal_##name(A... a) { \
    return metal::name(a...);            \
  }
ANVIL_FORWARD(simd_broadcast)
ANVIL_FORWARD(simd_shuffle)
ANVIL_FORWARD(simd_shuffle_and_fill_down)
ANVIL_FORWARD(simd_shuffle_and_fill_up)
ANVIL_FORWARD(simd_shuffle_down)
ANVIL_FORWARD(simd_shuffle_rotate_down)
ANVIL_FORWARD(simd_shuffle_rotate_up)
ANVIL_FORWARD(simd_shuffle_up)
ANVIL_FORWARD(simd_shuffle_xor)
ANVIL_FORWARD(simd_max)
ANVIL_FORWARD(simd_min)
ANVIL_FORWARD(simd_prefix_exclusive_product)
ANVIL_FORWARD(simd_prefix_exclusive_sum)
ANVIL_FORWARD(simd_prefix_inclusive_product)
ANVIL_FORWARD(simd_prefix_inclusive_sum)
ANVIL_FORWARD(simd_product)
ANVIL_FORWARD(simd_sum)
ANVIL_FORWARD(simd_and)
ANVIL_FORWARD(simd_or)
#undef ANVIL_FORWARD
// On a float, the operation on its bits.
template <class T>
ANVIL_FN T __metal_simd_xor(T v) {
  if constexpr (metal::is_integral_v<T>)
    return metal::simd_xor(v);
  else
    return as_type<T>(metal::simd_xor(as_type<uint>(v)));
}
template <class T>
ANVIL_FN T __metal_get_simdgroup_size(T) {
  return T(metal::detail::kSimdWidth);
}
template <class T>
ANVIL_FN T __metal_get_thread_index_in_simdgroup(T) {
  return T(__anvil_lane());
}
