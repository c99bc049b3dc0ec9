// <metal_relational>: predicates and select (specification 6.5).
#pragma once

#include "elementwise.h"

namespace metal {
namespace detail {

// On the bits, so that no fast-math flag can fold the answer away.
template <class T>
struct float_bits;
template <>
struct float_bits<float> {
  using type = uint;
  static constexpr uint infinity = 0x7f800000, smallest_normal = 0x00800000;
};
template <>
struct float_bits<half> {
  using type = ushort;
  static constexpr ushort infinity = 0x7c00, smallest_normal = 0x0400;
};
template <>
struct float_bits<bfloat> {
  using type = ushort;
  static constexpr ushort infinity = 0x7f80, smallest_normal = 0x0080;
};
template <class T>
ANVIL_FN constexpr auto bits_of(T v) {
  return __builtin_bit_cast(typename float_bits<T>::type, v);
}
template <class T>
ANVIL_FN constexpr auto magnitude_bits(T v) {
  using U = typename float_bits<T>::type;
  return static_cast<U>(bits_of(v) & static_cast<U>(static_cast<U>(~U(0)) >> 1));
}

}  // namespace detail

#define ANVIL_PREDICATE(name, test)                                   \
  template <detail::real T>                                           \
  ANVIL_FN constexpr auto name(T x) {                                 \
    return detail::map_bool(                                          \
        [](auto v) ANVIL_INLINE {                                     \
          using B [[maybe_unused]] = detail::float_bits<decltype(v)>; \
          const auto m [[maybe_unused]] = detail::magnitude_bits(v);  \
          return test;                                                \
        },                                                            \
        x);                                                           \
  }
ANVIL_PREDICATE(isnan, m > B::infinity)
ANVIL_PREDICATE(isinf, m == B::infinity)
ANVIL_PREDICATE(isfinite, m < B::infinity)
ANVIL_PREDICATE(isnormal, m < B::infinity && m >= B::smallest_normal)
ANVIL_PREDICATE(signbit, detail::bits_of(v) != m)
#undef ANVIL_PREDICATE

template <detail::real A, detail::real B>
ANVIL_FN constexpr auto isordered(A a, B b) {
  return !isnan(a) && !isnan(b);
}
template <detail::real A, detail::real B>
ANVIL_FN constexpr auto isunordered(A a, B b) {
  return isnan(a) || isnan(b);
}

ANVIL_FN constexpr bool all(bool v) {
  return v;
}
ANVIL_FN constexpr bool any(bool v) {
  return v;
}
template <int N>
ANVIL_FN constexpr bool all(const vec<bool, N>& v) {
  bool r = v[0];
  for (int i = 1; i < N; ++i) r &= v[i];
  return r;
}
template <int N>
ANVIL_FN constexpr bool any(const vec<bool, N>& v) {
  bool r = v[0];
  for (int i = 1; i < N; ++i) r |= v[i];
  return r;
}

// b where c, else a.
template <class A, class B, class C>
  requires(detail::arithmetic<A, B, C>)
ANVIL_FN constexpr auto select(A a, B b, C c) {
  using m = detail::meet<A, B>;
  constexpr int n = detail::larger(m::size, detail::components<C>);
  using E = typename m::type;
  auto pick = [&](int i) ANVIL_INLINE {
    return detail::component<bool>(c, i) ? detail::component<E>(b, i) : detail::component<E>(a, i);
  };
  if constexpr (n == 1)
    return pick(0);
  else if constexpr (n == 2)
    return vec<E, 2>(pick(0), pick(1));
  else if constexpr (n == 3)
    return vec<E, 3>(pick(0), pick(1), pick(2));
  else
    return vec<E, 4>(pick(0), pick(1), pick(2), pick(3));
}

}  // namespace metal
