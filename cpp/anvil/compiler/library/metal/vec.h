// vec<T, N>: MSL's vector types (specification 2.2) as a class, which computes as clang's
// ext_vector.
#pragma once

#include "initializer_list.h"
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

// The components, by either of their names, and swizzles. `component` is operator[] for constant
// expressions, which know no other way from a number to a member.
template <class T, int N>
struct members;
template <class T>
struct members<T, 1> {
  T x;
  ANVIL_COMPONENT_NAME(x)
  ANVIL_FN constexpr T& component(int) { return x; }
};
template <class T>
struct members<T, 2> {
  T x, y;
  ANVIL_SWIZZLES_2
  ANVIL_FN constexpr T& component(int i) { return i == 0 ? x : y; }
};
template <class T>
struct members<T, 3> {
  T x, y, z;
  ANVIL_SWIZZLES_3
  ANVIL_FN constexpr T& component(int i) { return i == 0 ? x : i == 1 ? y : z; }
};
template <class T>
struct members<T, 4> {
  T x, y, z, w;
  ANVIL_SWIZZLES_4
  ANVIL_FN constexpr T& component(int i) { return i == 0 ? x : i == 1 ? y : i == 2 ? z : w; }
};

// A scalar between the braces of a vector.
template <class T>
struct braced {
  T value;
  template <class S>
    requires(is_component<S>)
  ANVIL_FN constexpr braced(S s) : value(convert<T>(s)) {}
};
template <class T>
ANVIL_FN constexpr T braced_or_zero(const std::initializer_list<braced<T>>& list, size_t i) {
  return i < list.size() ? list.begin()[i].value : T(0);
}

struct from_native {};

}  // namespace detail

// Trivial, as MSL's own vectors are, so that unions and structures of them are; the compiler copies
// them as vectors (ir/vector_copies.hpp). The alignment is Metal's, the size; arm64's own for
// vectors stops at 16 bytes.
template <class T, int N>
class alignas(sizeof(detail::native<T, N>)) vec : public detail::members<T, N> {
  static_assert(N >= 1 && N <= 4, "vec has 1 to 4 components");
  static_assert(detail::is_component<T>, "vec holds scalars");

 public:
  using native = detail::native<T, N>;
  using lane = typename detail::lane_type<T>::type;
  using mask = vec<bool, N>;

  vec() = default;
  // Templates, for they would be copies that are not trivial.
  template <class V>
    requires(__is_same(const remove_addrspace_t<V>, const volatile vec))
  ANVIL_FN vec(V& o) : vec(detail::from_native{}, *(const volatile native*)(&o)) {}
  template <class V>
    requires(__is_same(V, vec))
  ANVIL_FN void operator=(V o) volatile {
    *reinterpret_cast<volatile native*>(this) = o.lanes();
  }

  ANVIL_FN constexpr vec(detail::from_native, native n) { set_lanes(n); }

  // Scalars in braces are the first components, and the others are zero, where one scalar in
  // parentheses is every component.
  ANVIL_FN constexpr vec(std::initializer_list<detail::braced<T>> list) {
    this->x = detail::braced_or_zero(list, 0);
    if constexpr (N > 1) this->y = detail::braced_or_zero(list, 1);
    if constexpr (N > 2) this->z = detail::braced_or_zero(list, 2);
    if constexpr (N > 3) this->w = detail::braced_or_zero(list, 3);
  }

  // The components as a vector of the machine's.
  ANVIL_FN constexpr native lanes() const {
    if (__builtin_is_constant_evaluated()) {
      if constexpr (N == 1)
        return native{lane(this->x)};
      else if constexpr (N == 2)
        return native{lane(this->x), lane(this->y)};
      else if constexpr (N == 3)
        return native{lane(this->x), lane(this->y), lane(this->z)};
      else
        return native{lane(this->x), lane(this->y), lane(this->z), lane(this->w)};
    }
    return *reinterpret_cast<const native*>(this);
  }
  ANVIL_FN constexpr void set_lanes(native n) {
    if (__builtin_is_constant_evaluated())
      for (int i = 0; i < N; ++i) this->component(i) = T(n[i]);
    else
      *reinterpret_cast<native*>(this) = n;
  }

  template <class S>
    requires(detail::is_component<S>)
  ANVIL_FN constexpr vec(S s) : vec(detail::from_native{}, native(lane(detail::convert<T>(s)))) {}

  template <class U>
  ANVIL_FN constexpr explicit vec(const vec<U, N>& o) : vec(detail::from_native{}, cast(o)) {}

  template <class A, class B, class... R>
    requires(detail::components<A> + detail::components<B> + (0 + ... + detail::components<R>) == N)
  ANVIL_FN constexpr vec(const A& p, const B& q, const R&... rest) {
    if constexpr (N == 2) {
      set_lanes(native{at(p, 0), at(q, 0)});
    } else if constexpr (N == 2 + sizeof...(R)) {
      set_lanes(native{at(p, 0), at(q, 0), at(rest, 0)...});
    } else {
      lane e[N] = {};
      int n = 0;
      put(e, n, p), put(e, n, q), (put(e, n, rest), ...);
      if constexpr (N == 3)
        set_lanes(native{e[0], e[1], e[2]});
      else
        set_lanes(native{e[0], e[1], e[2], e[3]});
    }
  }

  template <class I>
  ANVIL_FN constexpr T& operator[](I i) {
    if (__builtin_is_constant_evaluated()) return this->component(int(i));
    return reinterpret_cast<T*>(this)[i];
  }
  template <class I>
  ANVIL_FN constexpr T operator[](I i) const {
    if (__builtin_is_constant_evaluated()) return T(lanes()[i]);
    return reinterpret_cast<const T*>(this)[i];
  }

#define ANVIL_BINARY(op)                                                  \
  ANVIL_FN friend constexpr vec operator op(const vec& a, const vec& b) { \
    return vec(detail::from_native{}, normal(a.lanes() op b.lanes()));    \
  }                                                                       \
  ANVIL_FN constexpr vec& operator op## = (const vec& o) {                \
    set_lanes(normal(lanes() op o.lanes()));                              \
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
    return truth(a.lanes() op b.lanes());                                  \
  }
  ANVIL_COMPARE(==)
  ANVIL_COMPARE(!=)
  ANVIL_COMPARE(<)
  ANVIL_COMPARE(<=)
  ANVIL_COMPARE(>)
  ANVIL_COMPARE(>=)
#undef ANVIL_COMPARE

  ANVIL_FN friend constexpr mask operator&&(const vec& a, const vec& b) {
    return truth((a.lanes() != native(lane(0))) & (b.lanes() != native(lane(0))));
  }
  ANVIL_FN friend constexpr mask operator||(const vec& a, const vec& b) {
    return truth((a.lanes() != native(lane(0))) | (b.lanes() != native(lane(0))));
  }
  ANVIL_FN constexpr mask operator!() const { return truth(lanes() == native(lane(0))); }
  ANVIL_FN constexpr vec operator+() const { return *this; }
  ANVIL_FN constexpr vec operator-() const { return vec(detail::from_native{}, normal(-lanes())); }
  ANVIL_FN constexpr vec operator~() const { return vec(detail::from_native{}, normal(~lanes())); }
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
      return o.lanes();
    else if constexpr (__is_same(T, bool))
      return (o != vec<U, N>(U(0))).lanes();
    else if constexpr (__is_same(T, bfloat) || __is_same(U, bfloat))
      return __builtin_convertvector(__builtin_convertvector(o.lanes(), detail::native<float, N>),
                                     native);
    else
      return __builtin_convertvector(o.lanes(), native);
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
