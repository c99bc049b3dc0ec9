// <metal_simdgroup>: operations over the 32 lanes of a simdgroup (specification 6.9.2).
#pragma once

#include "elementwise.h"
#include "primitives.h"

namespace metal {
namespace detail {

inline constexpr uint kSimdWidth = 32;

// The value that `lane` holds, for a scalar of any width. The lane must be active.
template <class T>
ANVIL_FN T lane_value(T v, uint lane) {
  if constexpr (sizeof(T) == 1) {
    return static_cast<T>(__anvil_shuffle_i16(static_cast<uchar>(v), lane));
  } else if constexpr (sizeof(T) == 2) {
    return as_type<T>(__anvil_shuffle_i16(as_type<ushort>(v), lane));
  } else if constexpr (sizeof(T) == 4) {
    return as_type<T>(__anvil_shuffle_i32(as_type<uint>(v), lane));
  } else {
    return as_type<T>(__anvil_shuffle_i64(as_type<ulong>(v), lane));
  }
}
template <class T>
ANVIL_FN T shuffle(const T& v, uint lane) {
  return map_same([=](auto c) ANVIL_INLINE { return lane_value(c, lane); }, v);
}

// How wide a reduction of Ts computes: small integers in 32 bits, half and bfloat in float.
template <class T>
using wide =
    conditional_t<is_floating_point_v<T>, float,
                  conditional_t<sizeof(T) == 8, T, conditional_t<is_signed_v<T>, int, uint>>>;

template <class T, class F>
ANVIL_FN T reduce(const T& v, F f) {
  using E = element<T>;
  return map<E, wide<E>, components<T>>(f, v);
}

#define ANVIL_FOLD(name, prim)                                             \
  struct name {                                                            \
    ANVIL_FN float operator()(float v) const { return prim##_f32(v); }     \
    ANVIL_FN int operator()(int v) const { return int(prim##_i32(v)); }    \
    ANVIL_FN uint operator()(uint v) const { return prim##_i32(v); }       \
    ANVIL_FN long operator()(long v) const { return long(prim##_i64(v)); } \
    ANVIL_FN ulong operator()(ulong v) const { return prim##_i64(v); }     \
  };
ANVIL_FOLD(reduce_add, __anvil_reduce_add)
ANVIL_FOLD(reduce_mul, __anvil_reduce_mul)
ANVIL_FOLD(inclusive_add, __anvil_scan_inclusive_add)
ANVIL_FOLD(inclusive_mul, __anvil_scan_inclusive_mul)
ANVIL_FOLD(exclusive_add, __anvil_scan_exclusive_add)
ANVIL_FOLD(exclusive_mul, __anvil_scan_exclusive_mul)
#undef ANVIL_FOLD
#define ANVIL_ORDER(name, prim)                                        \
  struct name {                                                        \
    ANVIL_FN float operator()(float v) const { return prim##_f32(v); } \
    ANVIL_FN int operator()(int v) const { return prim##_i32(v); }     \
    ANVIL_FN uint operator()(uint v) const { return prim##_u32(v); }   \
    ANVIL_FN long operator()(long v) const { return prim##_i64(v); }   \
    ANVIL_FN ulong operator()(ulong v) const { return prim##_u64(v); } \
  };
ANVIL_ORDER(reduce_min, __anvil_reduce_min)
ANVIL_ORDER(reduce_max, __anvil_reduce_max)
#undef ANVIL_ORDER
#define ANVIL_BITS(name, prim)          \
  struct name {                         \
    template <class T>                  \
    ANVIL_FN T operator()(T v) const {  \
      if constexpr (sizeof(T) == 8)     \
        return T(prim##_i64(ulong(v))); \
      else                              \
        return T(prim##_i32(uint(v)));  \
    }                                   \
  };
ANVIL_BITS(reduce_and, __anvil_reduce_and)
ANVIL_BITS(reduce_or, __anvil_reduce_or)
ANVIL_BITS(reduce_xor, __anvil_reduce_xor)
#undef ANVIL_BITS

}  // namespace detail

class simd_vote {
 public:
  typedef ulong vote_t;
  simd_vote() = default;
  ANVIL_FN explicit constexpr simd_vote(vote_t v) : v_(v) {}
  ANVIL_FN explicit constexpr operator vote_t() const { return v_; }
  ANVIL_FN constexpr bool all() const { return v_ == 0xffffffffu; }
  ANVIL_FN constexpr bool any() const { return v_ != 0; }

 private:
  vote_t v_;
};

ANVIL_FN simd_vote simd_ballot(bool expr) {
  return simd_vote(__anvil_ballot(expr));
}
ANVIL_FN simd_vote simd_active_threads_mask() {
  return simd_vote(__anvil_ballot(true));
}
ANVIL_FN bool simd_all(bool expr) {
  return __anvil_ballot(!expr) == 0;
}
ANVIL_FN bool simd_any(bool expr) {
  return __anvil_ballot(expr) != 0;
}
ANVIL_FN bool simd_is_first() {
  return __anvil_lane() == static_cast<uint>(__builtin_ctz(__anvil_ballot(true)));
}
ANVIL_FN constexpr bool simd_is_helper_thread() {
  return false;
}

template <detail::arithmetic T>
ANVIL_FN T simd_shuffle(T data, ushort lane) {
  return detail::shuffle(data, lane);
}
template <detail::arithmetic T>
ANVIL_FN T simd_broadcast(T data, ushort lane) {
  return detail::shuffle(data, lane);
}
template <detail::arithmetic T>
ANVIL_FN T simd_broadcast_first(T data) {
  return detail::shuffle(data, static_cast<uint>(__builtin_ctz(__anvil_ballot(true))));
}
template <detail::arithmetic T>
ANVIL_FN T simd_shuffle_xor(T data, ushort mask) {
  return detail::shuffle(data, (__anvil_lane() ^ mask) & 31);
}
// Lanes whose source would be outside the simdgroup keep their own value.
template <detail::arithmetic T>
ANVIL_FN T simd_shuffle_up(T data, ushort delta) {
  const uint lane = __anvil_lane();
  return detail::shuffle(data, lane >= delta ? lane - delta : lane);
}
template <detail::arithmetic T>
ANVIL_FN T simd_shuffle_down(T data, ushort delta) {
  const uint lane = __anvil_lane();
  return detail::shuffle(data, lane + delta < detail::kSimdWidth ? lane + delta : lane);
}
template <detail::arithmetic T>
ANVIL_FN T simd_shuffle_rotate_up(T data, ushort delta) {
  return detail::shuffle(data, (__anvil_lane() - delta) & 31);
}
template <detail::arithmetic T>
ANVIL_FN T simd_shuffle_rotate_down(T data, ushort delta) {
  return detail::shuffle(data, (__anvil_lane() + delta) & 31);
}
// Groups of `modulo` lanes (2, 4, 8, 16 or 32) shift; `fill` moves in, wrapped around the group.
template <detail::arithmetic T>
ANVIL_FN T simd_shuffle_and_fill_up(T data, T fill, ushort delta, ushort modulo) {
  const uint lane = __anvil_lane(), in = lane & (modulo - 1u), base = lane - in;
  const uint from = base + ((in - delta) & (modulo - 1u));
  return detail::map_same(
      [=](auto d, auto f) ANVIL_INLINE {
        const auto moved = detail::lane_value(d, from), filled = detail::lane_value(f, from);
        return in >= delta ? moved : filled;
      },
      data, fill);
}
template <detail::arithmetic T>
ANVIL_FN T simd_shuffle_and_fill_up(T data, T fill, ushort delta) {
  return simd_shuffle_and_fill_up(data, fill, delta, 32);
}
template <detail::arithmetic T>
ANVIL_FN T simd_shuffle_and_fill_down(T data, T fill, ushort delta, ushort modulo) {
  const uint lane = __anvil_lane(), in = lane & (modulo - 1u), base = lane - in;
  const uint from = base + ((in + delta) & (modulo - 1u));
  return detail::map_same(
      [=](auto d, auto f) ANVIL_INLINE {
        const auto moved = detail::lane_value(d, from), filled = detail::lane_value(f, from);
        return in + delta < modulo ? moved : filled;
      },
      data, fill);
}
template <detail::arithmetic T>
ANVIL_FN T simd_shuffle_and_fill_down(T data, T fill, ushort delta) {
  return simd_shuffle_and_fill_down(data, fill, delta, 32);
}

#define ANVIL_REDUCE(name, concept, op)        \
  template <detail::concept T>                 \
  ANVIL_FN T name(T data) {                    \
    return detail::reduce(data, detail::op{}); \
  }
ANVIL_REDUCE(simd_sum, arithmetic, reduce_add)
ANVIL_REDUCE(simd_product, arithmetic, reduce_mul)
ANVIL_REDUCE(simd_min, arithmetic, reduce_min)
ANVIL_REDUCE(simd_max, arithmetic, reduce_max)
ANVIL_REDUCE(simd_and, integral, reduce_and)
ANVIL_REDUCE(simd_or, integral, reduce_or)
ANVIL_REDUCE(simd_xor, integral, reduce_xor)
ANVIL_REDUCE(simd_prefix_inclusive_sum, arithmetic, inclusive_add)
ANVIL_REDUCE(simd_prefix_inclusive_product, arithmetic, inclusive_mul)
ANVIL_REDUCE(simd_prefix_exclusive_sum, arithmetic, exclusive_add)
ANVIL_REDUCE(simd_prefix_exclusive_product, arithmetic, exclusive_mul)
#undef ANVIL_REDUCE

}  // namespace metal
