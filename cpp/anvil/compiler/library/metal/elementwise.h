// How a function on scalars becomes one on MSL's scalars and vectors of every type.
#pragma once

#include "vector_types.h"

namespace metal::detail {

constexpr int larger(int a, int b) {
  return a > b ? a : b;
}

template <class T>
struct element_of {
  using type = T;
};
template <class T, int N>
struct element_of<vec<T, N>> {
  using type = T;
};
template <class T, int N>
struct element_of<packed_vec<T, N>> {
  using type = T;
};
template <class T>
using element = typename element_of<T>::type;

template <class A, class B>
struct common_scalar {
  using type = decltype(A() + B());
};
template <class A>
struct common_scalar<A, A> {
  using type = A;
};
template <>
struct common_scalar<half, bfloat> {
  using type = float;
};
template <>
struct common_scalar<bfloat, half> {
  using type = float;
};

// The type that a call's arguments meet in: a vector's own if there is one, else C++'s usual one.
template <class... A>
struct meet;
template <class A>
struct meet<A> {
  static constexpr int size = components<A>;
  using type = element<A>;
};
template <class A, class B, class... R>
struct meet<A, B, R...> {
  using rest = meet<B, R...>;
  static constexpr int size = larger(components<A>, rest::size);
  static_assert(components<A> == 1 || rest::size == 1 || components<A> == rest::size,
                "vectors of different sizes in one call");
  using type =
      typename conditional_t<(components<A> > 1), type_identity<element<A>>,
                             conditional_t<(rest::size > 1), type_identity<typename rest::type>,
                                           common_scalar<element<A>, typename rest::type>>>::type;
};

template <class T, int N>
struct shaped {
  using type = vec<T, N>;
};
template <class T>
struct shaped<T, 1> {
  using type = T;
};
template <class... A>
using result = typename shaped<typename meet<A...>::type, meet<A...>::size>::type;

template <class... A>
concept arithmetic = ((components<A> > 0) && ...);
template <class... A>
concept real = arithmetic<A...> && is_floating_point_v<typename meet<A...>::type>;
template <class... A>
concept integral = arithmetic<A...> && is_integral_v<typename meet<A...>::type>;
template <class A>
concept vector = (components<A> > 1);

template <class E, class A>
ANVIL_FN constexpr E component(const A& a, int i) {
  if constexpr (is_component<A>)
    return convert<E>(a);
  else
    return convert<E>(a[i]);
}

// f over the components of a..., each converted to E first; the results become Rs.
template <class R, class E, int N, class F, class... A>
ANVIL_FN constexpr auto map(F f, const A&... a) {
  if constexpr (N == 1)
    return convert<R>(f(component<E>(a, 0)...));
  else if constexpr (N == 2)
    return vec<R, 2>(convert<R>(f(component<E>(a, 0)...)), convert<R>(f(component<E>(a, 1)...)));
  else if constexpr (N == 3)
    return vec<R, 3>(convert<R>(f(component<E>(a, 0)...)), convert<R>(f(component<E>(a, 1)...)),
                     convert<R>(f(component<E>(a, 2)...)));
  else
    return vec<R, 4>(convert<R>(f(component<E>(a, 0)...)), convert<R>(f(component<E>(a, 1)...)),
                     convert<R>(f(component<E>(a, 2)...)), convert<R>(f(component<E>(a, 3)...)));
}

// A float function over floating-point arguments of any width: half and bfloat compute in float and
// round once.
template <class F, class... A>
ANVIL_FN constexpr auto map_float(F f, const A&... a) {
  using m = meet<A...>;
  return map<typename m::type, float, m::size>(f, a...);
}
// A generic function over arguments of one type.
template <class F, class... A>
ANVIL_FN constexpr auto map_same(F f, const A&... a) {
  using m = meet<A...>;
  return map<typename m::type, typename m::type, m::size>(f, a...);
}
// A predicate over arguments of one type.
template <class F, class... A>
ANVIL_FN constexpr auto map_bool(F f, const A&... a) {
  using m = meet<A...>;
  return map<bool, typename m::type, m::size>(f, a...);
}

}  // namespace metal::detail
