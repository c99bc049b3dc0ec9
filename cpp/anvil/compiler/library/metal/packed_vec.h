// packed_vec<T, N>: vectors in memory without padding, aligned as their scalars
// (specification 2.2.3).
#pragma once

#include "vec.h"

namespace metal {

template <class T, int N>
class packed_vec : public detail::members<T, N> {
 public:
  packed_vec() = default;
  ANVIL_FN constexpr packed_vec(const vec<T, N>& o) { store(o); }
  template <class S>
    requires(detail::is_component<S>)
  ANVIL_FN constexpr packed_vec(S s) {
    store(vec<T, N>(s));
  }
  ANVIL_FN constexpr packed_vec(std::initializer_list<detail::braced<T>> list) {
    store(vec<T, N>(list));
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
  ANVIL_FN constexpr T& operator[](I i) {
    if (__builtin_is_constant_evaluated()) return this->component(int(i));
    return reinterpret_cast<T*>(this)[i];
  }
  template <class I>
  ANVIL_FN constexpr T operator[](I i) const {
    if (__builtin_is_constant_evaluated()) return vec<T, N>(*this)[i];
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
    this->x = o[0], this->y = o[1];
    if constexpr (N > 2) this->z = o[2];
    if constexpr (N > 3) this->w = o[3];
  }
};

}  // namespace metal
