// <metal_quadgroup>: operations over four neighbouring lanes (specification 6.9.3).
#pragma once

#include "common.h"
#include "simdgroup.h"

namespace metal {
namespace detail {

// op over the active lanes of a quad; an inactive lane's part is `identity`. All four lanes pair up
// alike, and op commutes, so all four get the same bits.
template <class T, class F>
ANVIL_FN T quad_fold(const T& data, F op, wide<element<T>> identity) {
  using E = element<T>;
  const uint lane = __anvil_lane(), active = __anvil_ballot(true);
  auto other = [=](wide<E> v, uint mask) ANVIL_INLINE {
    const wide<E> o = lane_value(v, lane ^ mask);
    return active >> (lane ^ mask) & 1 ? o : identity;
  };
  auto fold = [=](wide<E> v)
                  ANVIL_INLINE { return op(op(v, other(v, 1)), op(other(v, 2), other(v, 3))); };
  return map<E, wide<E>, components<T>>(fold, data);
}
// Exclusive prefix of a quad, lane by lane.
template <class T, class F>
ANVIL_FN T quad_scan(const T& data, F op, wide<element<T>> identity, bool inclusive) {
  using E = element<T>;
  const uint lane = __anvil_lane(), base = lane & ~3u, active = __anvil_ballot(true);
  auto scan = [=](wide<E> v) ANVIL_INLINE {
    wide<E> sum = identity;
    for (uint i = 0; i < 4; ++i) {
      const wide<E> o = lane_value(v, base + i);
      const bool taken =
          (active >> (base + i) & 1) && (inclusive ? i <= (lane & 3) : i < (lane & 3));
      sum = taken ? op(sum, o) : sum;
    }
    return sum;
  };
  return map<E, wide<E>, components<T>>(scan, data);
}

struct op_add {
  template <class T>
  ANVIL_FN T operator()(T a, T b) const {
    return a + b;
  }
};
struct op_mul {
  template <class T>
  ANVIL_FN T operator()(T a, T b) const {
    return a * b;
  }
};
struct op_and {
  template <class T>
  ANVIL_FN T operator()(T a, T b) const {
    return a & b;
  }
};
struct op_or {
  template <class T>
  ANVIL_FN T operator()(T a, T b) const {
    return a | b;
  }
};
struct op_xor {
  template <class T>
  ANVIL_FN T operator()(T a, T b) const {
    return a ^ b;
  }
};

}  // namespace detail

class quad_vote {
 public:
  typedef uint vote_t;
  quad_vote() = default;
  ANVIL_FN explicit constexpr quad_vote(vote_t v) : v_(v) {}
  ANVIL_FN explicit constexpr operator vote_t() const { return v_; }
  ANVIL_FN constexpr bool all() const { return v_ == 0xfu; }
  ANVIL_FN constexpr bool any() const { return v_ != 0; }

 private:
  vote_t v_;
};

ANVIL_FN quad_vote quad_ballot(bool expr) {
  return quad_vote(__anvil_ballot(expr) >> (__anvil_lane() & 28) & 0xf);
}
ANVIL_FN quad_vote quad_active_threads_mask() {
  return quad_ballot(true);
}
ANVIL_FN bool quad_all(bool expr) {
  return !quad_ballot(!expr).any();
}
ANVIL_FN bool quad_any(bool expr) {
  return quad_ballot(expr).any();
}
ANVIL_FN bool quad_is_first() {
  const uint active = static_cast<quad_vote::vote_t>(quad_active_threads_mask());
  return (__anvil_lane() & 3) == static_cast<uint>(__builtin_ctz(active));
}
ANVIL_FN constexpr bool quad_is_helper_thread() {
  return false;
}

template <detail::arithmetic T>
ANVIL_FN T quad_shuffle(T data, ushort lane) {
  return detail::shuffle(data, (__anvil_lane() & 28) + (lane & 3));
}
template <detail::arithmetic T>
ANVIL_FN T quad_broadcast(T data, ushort lane) {
  return quad_shuffle(data, lane);
}
template <detail::arithmetic T>
ANVIL_FN T quad_broadcast_first(T data) {
  const uint active = static_cast<quad_vote::vote_t>(quad_active_threads_mask());
  return quad_shuffle(data, static_cast<ushort>(__builtin_ctz(active)));
}
template <detail::arithmetic T>
ANVIL_FN T quad_shuffle_xor(T data, ushort mask) {
  return detail::shuffle(data, __anvil_lane() ^ (mask & 3));
}
template <detail::arithmetic T>
ANVIL_FN T quad_shuffle_up(T data, ushort delta) {
  const uint lane = __anvil_lane();
  return detail::shuffle(data, (lane & 3) >= delta ? lane - delta : lane);
}
template <detail::arithmetic T>
ANVIL_FN T quad_shuffle_down(T data, ushort delta) {
  const uint lane = __anvil_lane();
  return detail::shuffle(data, (lane & 3) + delta < 4 ? lane + delta : lane);
}
template <detail::arithmetic T>
ANVIL_FN T quad_shuffle_rotate_up(T data, ushort delta) {
  const uint lane = __anvil_lane();
  return detail::shuffle(data, (lane & 28) + ((lane - delta) & 3));
}
template <detail::arithmetic T>
ANVIL_FN T quad_shuffle_rotate_down(T data, ushort delta) {
  const uint lane = __anvil_lane();
  return detail::shuffle(data, (lane & 28) + ((lane + delta) & 3));
}
template <detail::arithmetic T>
ANVIL_FN T quad_shuffle_and_fill_up(T data, T fill, ushort delta, ushort modulo = 4) {
  return simd_shuffle_and_fill_up(data, fill, delta, modulo);
}
template <detail::arithmetic T>
ANVIL_FN T quad_shuffle_and_fill_down(T data, T fill, ushort delta, ushort modulo = 4) {
  return simd_shuffle_and_fill_down(data, fill, delta, modulo);
}

#define ANVIL_QUAD(name, concept, op, identity)                  \
  template <detail::concept T>                                   \
  ANVIL_FN T name(T data) {                                      \
    using W [[maybe_unused]] = detail::wide<detail::element<T>>; \
    return detail::quad_fold(data, detail::op{}, identity);      \
  }
ANVIL_QUAD(quad_sum, arithmetic, op_add, W(0))
ANVIL_QUAD(quad_product, arithmetic, op_mul, W(1))
ANVIL_QUAD(quad_min, arithmetic, op_min,
           is_floating_point_v<W> ? W(__builtin_inff()) : numeric_limits<W>::max())
ANVIL_QUAD(quad_max, arithmetic, op_max,
           is_floating_point_v<W> ? W(-__builtin_inff()) : numeric_limits<W>::lowest())
ANVIL_QUAD(quad_and, integral, op_and, W(~W(0)))
ANVIL_QUAD(quad_or, integral, op_or, W(0))
ANVIL_QUAD(quad_xor, integral, op_xor, W(0))
#undef ANVIL_QUAD
#define ANVIL_QUAD_PREFIX(name, op, identity, inclusive)               \
  template <detail::arithmetic T>                                      \
  ANVIL_FN T name(T data) {                                            \
    return detail::quad_scan(data, detail::op{}, identity, inclusive); \
  }
ANVIL_QUAD_PREFIX(quad_prefix_inclusive_sum, op_add, 0, true)
ANVIL_QUAD_PREFIX(quad_prefix_inclusive_product, op_mul, 1, true)
ANVIL_QUAD_PREFIX(quad_prefix_exclusive_sum, op_add, 0, false)
ANVIL_QUAD_PREFIX(quad_prefix_exclusive_product, op_mul, 1, false)
#undef ANVIL_QUAD_PREFIX

}  // namespace metal
