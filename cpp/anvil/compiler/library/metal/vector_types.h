// The names of MSL's vector types, and conversions of bits and of scalars.
#pragma once

#include "packed_vec.h"

#define ANVIL_VECTORS(T, U)      \
  typedef metal::vec<T, 2> U##2; \
  typedef metal::vec<T, 3> U##3; \
  typedef metal::vec<T, 4> U##4; \
  namespace metal {              \
  using ::U##2;                  \
  using ::U##3;                  \
  using ::U##4;                  \
  }
#define ANVIL_PACKED(T, U)                       \
  typedef metal::packed_vec<T, 2> packed_##U##2; \
  typedef metal::packed_vec<T, 3> packed_##U##3; \
  typedef metal::packed_vec<T, 4> packed_##U##4; \
  namespace metal {                              \
  using ::packed_##U##2;                         \
  using ::packed_##U##3;                         \
  using ::packed_##U##4;                         \
  }
ANVIL_VECTORS(bool, bool)
#define ANVIL_BOTH(T, U) ANVIL_VECTORS(T, U) ANVIL_PACKED(T, U)
ANVIL_BOTH(char, char)
ANVIL_BOTH(unsigned char, uchar)
ANVIL_BOTH(short, short)
ANVIL_BOTH(unsigned short, ushort)
ANVIL_BOTH(int, int)
ANVIL_BOTH(unsigned int, uint)
ANVIL_BOTH(long, long)
ANVIL_BOTH(unsigned long, ulong)
ANVIL_BOTH(half, half)
ANVIL_BOTH(bfloat, bfloat)
ANVIL_BOTH(float, float)
#undef ANVIL_BOTH
#undef ANVIL_PACKED
#undef ANVIL_VECTORS

// as_type<T>(x): the bits of x as a T (specification 2.20).
template <class To, class From>
ANVIL_FN constexpr To as_type(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "as_type needs two types of one size");
  return __builtin_bit_cast(To, from);
}
namespace metal {
using ::as_type;
}

// What the front end makes of a cast between half and bfloat, of which clang has none, in a
// template perhaps, where other arguments make it another cast (frontend/small_float_casts.hpp).
template <class To, class From>
ANVIL_FN constexpr To __anvil_static_cast(From&& v) {
  using S = __remove_cv(metal::remove_addrspace_t<__remove_reference_t(From)>);
  if constexpr (metal::is_arithmetic_v<__remove_cv(To)> && metal::is_arithmetic_v<S>)
    return metal::detail::convert<__remove_cv(To)>(static_cast<S>(v));
  else
    return static_cast<To>(static_cast<From&&>(v));
}
template <class To>
struct __anvil_through {
  To value;
  template <class From>
  ANVIL_FN constexpr __anvil_through(From&& v)
      : value(__anvil_static_cast<To>(static_cast<From&&>(v))) {}
  ANVIL_FN constexpr operator To() const { return value; }
};
