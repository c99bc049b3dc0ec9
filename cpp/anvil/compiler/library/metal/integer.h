// <metal_integer>: integer functions (specification 6.4).
#pragma once

#include "elementwise.h"
#include "limits.h"

namespace metal {
namespace detail {

template <class T>
using unsigned_of = __make_unsigned(T);
template <class T>
inline constexpr int bits = int(sizeof(T) * 8);

template <class T>
ANVIL_FN constexpr T int_clz(T v) {
  if constexpr (sizeof(T) == 8)
    return v == 0 ? T(64) : T(__builtin_clzll(ulong(v)));
  else
    return v == 0 ? T(bits<T>) : T(__builtin_clz(uint(unsigned_of<T>(v))) - (32 - bits<T>));
}
template <class T>
ANVIL_FN constexpr T int_ctz(T v) {
  if constexpr (sizeof(T) == 8)
    return v == 0 ? T(64) : T(__builtin_ctzll(ulong(v)));
  else
    return v == 0 ? T(bits<T>) : T(__builtin_ctz(uint(unsigned_of<T>(v))));
}
template <class T>
ANVIL_FN constexpr T int_mulhi(T a, T b) {
  if constexpr (sizeof(T) < 4) {
    return T(int(a) * int(b) >> bits<T>);
  } else if constexpr (sizeof(T) == 4) {
    using W = conditional_t<is_signed_v<T>, long, ulong>;
    return T(W(a) * W(b) >> 32);
  } else {
    const ulong x = ulong(a), y = ulong(b), mask = 0xffffffffu;
    const ulong lo = (x & mask) * (y & mask), m1 = (x >> 32) * (y & mask) + (lo >> 32);
    const ulong m2 = (x & mask) * (y >> 32) + (m1 & mask);
    ulong hi = (x >> 32) * (y >> 32) + (m1 >> 32) + (m2 >> 32);
    if constexpr (is_signed_v<T>) hi -= (a < 0 ? y : 0) + (b < 0 ? x : 0);
    return T(hi);
  }
}
template <class T>
ANVIL_FN constexpr T int_addsat(T a, T b) {
  return __builtin_elementwise_add_sat(a, b);
}
template <class T>
ANVIL_FN constexpr T int_subsat(T a, T b) {
  return __builtin_elementwise_sub_sat(a, b);
}
template <class T>
ANVIL_FN constexpr T int_madsat(T a, T b, T c) {
  if constexpr (sizeof(T) < 8) {
    // The exact value fits 64 bits.
    using W = conditional_t<is_signed_v<T>, long, ulong>;
    const W r = W(a) * W(b) + W(c), lo = W(numeric_limits<T>::min()),
            hi = W(numeric_limits<T>::max());
    return T(r < lo ? lo : r > hi ? hi : r);
  } else if constexpr (is_signed_v<T>) {
    // 128-bit a * b + c as (high, low), saturated.
    const ulong low = ulong(a) * ulong(b), sum = low + ulong(c);
    const long high = long(ulong(int_mulhi(a, b)) + ulong(c >> 63) + ulong(sum < low));
    return high == (long(sum) >> 63) ? T(sum)
           : high < 0                ? numeric_limits<T>::min()
                                     : numeric_limits<T>::max();
  } else {
    const T low = a * b, sum = low + c;
    return int_mulhi(a, b) == 0 && sum >= low ? sum : numeric_limits<T>::max();
  }
}
template <class T>
ANVIL_FN constexpr T int_rotate(T v, T by) {
  const unsigned_of<T> u = unsigned_of<T>(v);
  const uint n = uint(by) & (bits<T> - 1);
  return T(unsigned_of<T>(u << n) | unsigned_of<T>(u >> ((bits<T> - n) & (bits<T> - 1))));
}
template <class T>
ANVIL_FN constexpr T int_extract(T v, uint offset, uint count) {
  // Undefined in MSL when offset + count passes the width; an empty field is 0.
  const uint left = (bits<T> - count) & (bits<T> - 1);
  const unsigned_of<T> low = unsigned_of<T>(unsigned_of<T>(v) >> (offset & (bits<T> - 1)));
  const T field = T(T(unsigned_of<T>(low << left)) >> left);
  return count == 0 ? T(0) : field;
}
template <class T>
ANVIL_FN constexpr T int_insert(T base, T v, uint offset, uint count) {
  using U = unsigned_of<T>;
  const U field = count >= uint(bits<T>) ? U(~U(0)) : U(U(U(1) << (count & (bits<T> - 1))) - 1);
  const U mask = U(field << (offset & (bits<T> - 1)));
  return T((U(base) & U(~mask)) | (U(U(v) << (offset & (bits<T> - 1))) & mask));
}

}  // namespace detail

#define ANVIL_INTEGER(name, params, body, ...)                                    \
  template <class... A>                                                           \
    requires(sizeof...(A) == params && detail::integral<A...>)                    \
  ANVIL_FN constexpr auto name(A... a) {                                          \
    return detail::map_same([](__VA_ARGS__) ANVIL_INLINE { return body; }, a...); \
  }
ANVIL_INTEGER(absdiff, 2,
              (decltype(x)(x > y ? detail::unsigned_of<decltype(x)>(x) -
                                       detail::unsigned_of<decltype(x)>(y)
                                 : detail::unsigned_of<decltype(x)>(y) -
                                       detail::unsigned_of<decltype(x)>(x))),
              auto x, auto y)
ANVIL_INTEGER(addsat, 2, detail::int_addsat(x, y), auto x, auto y)
ANVIL_INTEGER(subsat, 2, detail::int_subsat(x, y), auto x, auto y)
ANVIL_INTEGER(hadd, 2, (x & y) + ((x ^ y) >> 1), auto x, auto y)
ANVIL_INTEGER(rhadd, 2, (x | y) - ((x ^ y) >> 1), auto x, auto y)
ANVIL_INTEGER(clz, 1, detail::int_clz(x), auto x)
ANVIL_INTEGER(ctz, 1, detail::int_ctz(x), auto x)
ANVIL_INTEGER(popcount, 1, __builtin_elementwise_popcount(x), auto x)
ANVIL_INTEGER(reverse_bits, 1, __builtin_elementwise_bitreverse(x), auto x)
ANVIL_INTEGER(mulhi, 2, detail::int_mulhi(x, y), auto x, auto y)
ANVIL_INTEGER(madhi, 3, decltype(x)(detail::int_mulhi(x, y) + z), auto x, auto y, auto z)
ANVIL_INTEGER(madsat, 3, detail::int_madsat(x, y, z), auto x, auto y, auto z)
ANVIL_INTEGER(rotate, 2, detail::int_rotate(x, y), auto x, auto y)
// The low 24 bits, sign-extended for signed arguments.
ANVIL_INTEGER(mul24, 2, (decltype(x)(x << 8) >> 8) * (decltype(x)(y << 8) >> 8), auto x, auto y)
ANVIL_INTEGER(mad24, 3, (decltype(x)(x << 8) >> 8) * (decltype(x)(y << 8) >> 8) + z, auto x, auto y,
              auto z)
#undef ANVIL_INTEGER

template <detail::integral T>
ANVIL_FN constexpr T extract_bits(T v, uint offset, uint count) {
  return detail::map_same(
      [=](auto x) ANVIL_INLINE { return detail::int_extract(x, offset, count); }, v);
}
template <detail::integral T>
ANVIL_FN constexpr T insert_bits(T base, T v, uint offset, uint count) {
  return detail::map_same([=](auto b, auto x)
                              ANVIL_INLINE { return detail::int_insert(b, x, offset, count); },
                          base, v);
}

}  // namespace metal
