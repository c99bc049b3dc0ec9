// vec<T, N>: MSL's vector types (specification 2.2) as a class over clang's ext_vector.
#pragma once

#include "swizzle.h"
#include "type_traits.h"

namespace metal {

template <class T, int N>
class vec;
template <class T, int N>
class packed_vec;

namespace detail {

// bool vectors hold a byte per component; clang's own ext_vector of bool is packed into bits.
template <class T>
struct lane_type {
  using type = T;
};
template <>
struct lane_type<bool> {
  using type = unsigned char;
};
template <class T, int N>
using native = typename lane_type<T>::type __attribute__((ext_vector_type(N)));

template <class T>
inline constexpr bool is_component = is_arithmetic_v<T> || __is_enum(T);

// Number of components a constructor's argument brings; 0: not one of MSL's arithmetic types.
template <class T>
inline constexpr int components = is_component<T> ? 1 : 0;
template <class T, int N>
inline constexpr int components<vec<T, N>> = N;
template <class T, int N>
inline constexpr int components<packed_vec<T, N>> = N;
// Of an argument by reference.
template <class T>
inline constexpr int components<__attribute__((opencl_global)) T> = components<T>;
template <class T>
inline constexpr int components<__attribute__((opencl_local)) T> = components<T>;
template <class T>
inline constexpr int components<__attribute__((opencl_constant)) T> = components<T>;

template <class To, class From>
ANVIL_FN constexpr To convert(From v) {
  if constexpr (__is_same(To, bool))
    return v != From(0);
  else if constexpr ((__is_same(To, half) && __is_same(From, bfloat)) ||
                     (__is_same(To, bfloat) && !is_floating_point_v<From>) ||
                     (__is_same(From, bfloat) && !is_floating_point_v<To>) ||
                     (__is_same(From, half) && __is_same(To, bfloat)))
    return static_cast<To>(static_cast<float>(v));
  else
    return static_cast<To>(v);
}

// Storage and swizzles. The scalar members alias the vector, so that `p[i].x = 1` stores one
// scalar.
template <class T, int N>
struct members;
template <class T>
struct members<T, 1> {
  union {
    native<T, 1> v;
    struct {
      T x;
    };
    struct {
      T r;
    };
  };
};
template <class T>
struct members<T, 2> {
  union {
    native<T, 2> v;
    struct {
      T x, y;
    };
    struct {
      T r, g;
    };
  };
  ANVIL_SWIZZLES_2
};
template <class T>
struct members<T, 3> {
  union {
    native<T, 3> v;
    struct {
      T x, y, z;
    };
    struct {
      T r, g, b;
    };
  };
  ANVIL_SWIZZLES_3
};
template <class T>
struct members<T, 4> {
  union {
    native<T, 4> v;
    struct {
      T x, y, z, w;
    };
    struct {
      T r, g, b, a;
    };
  };
  ANVIL_SWIZZLES_4
};

struct from_native {};

}  // namespace detail

// Copies are spelled out: a type that is not trivially copyable goes through registers and memory
// as the vector it is, never coerced into whatever the host's C ABI passes 16-byte unions as. The
// alignment is Metal's, the size; arm64's own for vectors stops at 16 bytes.
template <class T, int N>
class alignas(sizeof(detail::native<T, N>)) vec : public detail::members<T, N> {
  static_assert(N >= 1 && N <= 4, "vec has 1 to 4 components");
  static_assert(detail::is_component<T>, "vec holds scalars");

 public:
  using native = detail::native<T, N>;
  using lane = typename detail::lane_type<T>::type;
  using mask = vec<bool, N>;
  using detail::members<T, N>::v;

  vec() = default;
  ANVIL_FN constexpr vec(const vec& o) : vec(detail::from_native{}, o.v) {}
  ANVIL_FN constexpr vec& operator=(const vec& o) {
    v = o.v;
    return *this;
  }
  ANVIL_FN vec(const volatile vec& o) : vec(detail::from_native{}, o.v) {}
  ANVIL_FN void operator=(const vec& o) volatile { v = o.v; }

  ANVIL_FN constexpr vec(detail::from_native, native n) { v = n; }

  template <class S>
    requires(detail::is_component<S>)
  ANVIL_FN constexpr vec(S s) : vec(detail::from_native{}, native(lane(detail::convert<T>(s)))) {}

  template <class U>
  ANVIL_FN constexpr explicit vec(const vec<U, N>& o) : vec(detail::from_native{}, cast(o)) {}

  template <class A, class B, class... R>
    requires(detail::components<A> + detail::components<B> + (0 + ... + detail::components<R>) == N)
  ANVIL_FN constexpr vec(const A& p, const B& q, const R&... rest) {
    if constexpr (N == 2) {
      v = native{at(p, 0), at(q, 0)};
    } else if constexpr (N == 2 + sizeof...(R)) {
      v = native{at(p, 0), at(q, 0), at(rest, 0)...};
    } else {
      lane e[N] = {};
      int n = 0;
      put(e, n, p), put(e, n, q), (put(e, n, rest), ...);
      if constexpr (N == 3)
        v = native{e[0], e[1], e[2]};
      else
        v = native{e[0], e[1], e[2], e[3]};
    }
  }

  template <class I>
  ANVIL_FN T& operator[](I i) {
    return reinterpret_cast<T*>(this)[i];
  }
  template <class I>
  ANVIL_FN constexpr T operator[](I i) const {
    if (__builtin_is_constant_evaluated()) return T(v[i]);
    return reinterpret_cast<const T*>(this)[i];
  }

#define ANVIL_BINARY(op)                                                  \
  ANVIL_FN friend constexpr vec operator op(const vec& a, const vec& b) { \
    return vec(detail::from_native{}, normal(a.v op b.v));                \
  }                                                                       \
  ANVIL_FN constexpr vec& operator op## = (const vec& o) {                \
    v = normal(v op o.v);                                                 \
    return *this;                                                         \
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

#define ANVIL_COMPARE(op)                                                  \
  ANVIL_FN friend constexpr mask operator op(const vec& a, const vec& b) { \
    return truth(a.v op b.v);                                              \
  }
  ANVIL_COMPARE(==)
  ANVIL_COMPARE(!=)
  ANVIL_COMPARE(<)
  ANVIL_COMPARE(<=)
  ANVIL_COMPARE(>)
  ANVIL_COMPARE(>=)
#undef ANVIL_COMPARE

  ANVIL_FN friend constexpr mask operator&&(const vec& a, const vec& b) {
    return truth((a.v != native(lane(0))) & (b.v != native(lane(0))));
  }
  ANVIL_FN friend constexpr mask operator||(const vec& a, const vec& b) {
    return truth((a.v != native(lane(0))) | (b.v != native(lane(0))));
  }
  ANVIL_FN constexpr mask operator!() const { return truth(v == native(lane(0))); }
  ANVIL_FN constexpr vec operator+() const { return *this; }
  ANVIL_FN constexpr vec operator-() const { return vec(detail::from_native{}, normal(-v)); }
  ANVIL_FN constexpr vec operator~() const { return vec(detail::from_native{}, normal(~v)); }
  ANVIL_FN constexpr vec& operator++() { return *this += vec(T(1)); }
  ANVIL_FN constexpr vec& operator--() { return *this -= vec(T(1)); }
  ANVIL_FN constexpr vec operator++(int) {
    vec old(*this);
    *this += vec(T(1));
    return old;
  }
  ANVIL_FN constexpr vec operator--(int) {
    vec old(*this);
    *this -= vec(T(1));
    return old;
  }

 private:
  // A bool component is 0 or 1 whatever the arithmetic made of its byte.
  template <class V>
  ANVIL_FN static constexpr native normal(V r) {
    if constexpr (__is_same(T, bool))
      return __builtin_convertvector(r != V(0), native) & native(lane(1));
    else
      return r;
  }
  template <class V>
  ANVIL_FN static constexpr mask truth(V r) {
    return mask(detail::from_native{},
                __builtin_convertvector(r, detail::native<bool, N>) & detail::native<bool, N>(1));
  }
  template <class U>
  ANVIL_FN static constexpr native cast(const vec<U, N>& o) {
    if constexpr (__is_same(T, U))
      return o.v;
    else if constexpr (__is_same(T, bool))
      return (o != vec<U, N>(U(0))).v;
    else if constexpr (__is_same(T, bfloat) || __is_same(U, bfloat))
      return __builtin_convertvector(__builtin_convertvector(o.v, detail::native<float, N>),
                                     native);
    else
      return __builtin_convertvector(o.v, native);
  }
  template <class A>
  ANVIL_FN static constexpr lane at(const A& a, int i) {
    if constexpr (detail::is_component<A>)
      return lane(detail::convert<T>(a));
    else
      return lane(detail::convert<T>(a[i]));
  }
  template <class A>
  ANVIL_FN static constexpr void put(lane* e, int& n, const A& a) {
    for (int i = 0; i < detail::components<A>; ++i) e[n++] = at(a, i);
  }
};

}  // namespace metal
