// packed_vec<T, N>: vectors in memory without padding, aligned as their scalars
// (specification 2.2.3).
#pragma once

#include "vec.h"

namespace metal {

namespace detail {
template <class T, int N>
struct packed_members;
template <class T>
struct packed_members<T, 2> {
  T x, y;
  ANVIL_SWIZZLES_2
};
template <class T>
struct packed_members<T, 3> {
  T x, y, z;
  ANVIL_SWIZZLES_3
};
template <class T>
struct packed_members<T, 4> {
  T x, y, z, w;
  ANVIL_SWIZZLES_4
};
}  // namespace detail

template <class T, int N>
class packed_vec : public detail::packed_members<T, N> {
 public:
  packed_vec() = default;
  ANVIL_FN constexpr packed_vec(const vec<T, N>& o) { store(o); }
  template <class S>
    requires(detail::is_component<S>)
  ANVIL_FN constexpr packed_vec(S s) {
    store(vec<T, N>(s));
  }
  template <class U>
  ANVIL_FN constexpr explicit packed_vec(const vec<U, N>& o) {
    store(vec<T, N>(o));
  }
  template <class A, class B, class... R>
    requires(detail::components<A> + detail::components<B> + (0 + ... + detail::components<R>) == N)
  ANVIL_FN constexpr packed_vec(const A& a, const B& b, const R&... rest) {
    store(vec<T, N>(a, b, rest...));
  }
  ANVIL_FN constexpr operator vec<T, N>() const {
    if constexpr (N == 2)
      return vec<T, N>(this->x, this->y);
    else if constexpr (N == 3)
      return vec<T, N>(this->x, this->y, this->z);
    else
      return vec<T, N>(this->x, this->y, this->z, this->w);
  }
  template <class U>
  ANVIL_FN constexpr explicit operator vec<U, N>() const {
    return vec<U, N>(vec<T, N>(*this));
  }
  template <class I>
  ANVIL_FN T& operator[](I i) {
    return reinterpret_cast<T*>(this)[i];
  }
  template <class I>
  ANVIL_FN constexpr T operator[](I i) const {
    if (__builtin_is_constant_evaluated()) return T(vec<T, N>(*this).v[i]);
    return reinterpret_cast<const T*>(this)[i];
  }

#define ANVIL_BINARY(op)                                                                     \
  ANVIL_FN friend constexpr vec<T, N> operator op(const packed_vec& a, const vec<T, N>& b) { \
    return vec<T, N>(a) op b;                                                                \
  }                                                                                          \
  ANVIL_FN constexpr packed_vec& operator op## = (const vec<T, N>& o) {                      \
    store(vec<T, N>(*this) op o);                                                            \
    return *this;                                                                            \
  }
  ANVIL_BINARY(+)
  ANVIL_BINARY(-)
  ANVIL_BINARY(*)
  ANVIL_BINARY(/)
  ANVIL_BINARY(%)
  ANVIL_BINARY(&)
  ANVIL_BINARY(|)
  ANVIL_BINARY(^)
  ANVIL_BINARY(<<)
  ANVIL_BINARY(>>)
#undef ANVIL_BINARY
  ANVIL_FN constexpr vec<T, N> operator-() const { return -vec<T, N>(*this); }
  ANVIL_FN constexpr vec<T, N> operator~() const { return ~vec<T, N>(*this); }

 private:
  ANVIL_FN constexpr void store(const vec<T, N>& o) {
    this->x = T(o.v[0]), this->y = T(o.v[1]);
    if constexpr (N > 2) this->z = T(o.v[2]);
    if constexpr (N > 3) this->w = T(o.v[3]);
  }
};

}  // namespace metal
