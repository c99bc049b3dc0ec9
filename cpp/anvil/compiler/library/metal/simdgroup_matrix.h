// <metal_simdgroup_matrix>: 8x8 matrices spread over a simdgroup (specification 2.4 and 6.7).
#pragma once

#include "simdgroup.h"

namespace metal {
namespace detail {

// Where a lane's two elements lie: row, and the first of two neighbouring columns. This is the
// layout of Apple's GPUs, which kernels that use thread_elements() count on.
struct fragment_place {
  uint row, column;
};
ANVIL_FN fragment_place place_of(uint lane) {
  const uint quad = lane >> 2;
  return {(quad & 4) + ((lane >> 1) & 3), (quad & 2) * 2 + (lane & 1) * 2};
}
// The lane that holds (row, column) in element column & 1.
ANVIL_FN uint lane_of(uint row, uint column) {
  return (row & 4) << 2 | (column & 4) << 1 | (row & 3) << 1 | ((column >> 1) & 1);
}

}  // namespace detail

template <class T, int Columns, int Rows>
struct simdgroup_matrix {
  static_assert(Columns == 8 && Rows == 8, "simdgroup_matrix is 8x8");
  static_assert(is_floating_point_v<T>, "simdgroup_matrix holds half, bfloat or float");
  using storage_type = vec<T, 2>;

  simdgroup_matrix() = default;
  // A scalar fills the diagonal.
  ANVIL_FN explicit simdgroup_matrix(T diagonal) {
    const detail::fragment_place at = detail::place_of(__anvil_lane());
    elements_ = storage_type(at.row == at.column ? diagonal : T(0),
                             at.row == at.column + 1 ? diagonal : T(0));
  }

  ANVIL_FN storage_type& thread_elements() { return elements_; }
  ANVIL_FN const storage_type& thread_elements() const { return elements_; }

 private:
  storage_type elements_;
};

typedef simdgroup_matrix<half, 8, 8> simdgroup_half8x8;
typedef simdgroup_matrix<bfloat, 8, 8> simdgroup_bfloat8x8;
typedef simdgroup_matrix<float, 8, 8> simdgroup_float8x8;

template <class T, int C = 8, int R = C>
ANVIL_FN simdgroup_matrix<T, C, R> make_filled_simdgroup_matrix(detail::type_identity_t<T> value) {
  simdgroup_matrix<T, C, R> m;
  m.thread_elements() = vec<T, 2>(value);
  return m;
}
template <class T, int C = 8, int R = C>
ANVIL_FN simdgroup_matrix<T, C, R> make_diagonal_simdgroup_matrix(detail::type_identity_t<T> value) {
  return simdgroup_matrix<T, C, R>(value);
}

namespace detail {
// Two neighbours in memory, moved as one integer: half as many lanes' worth of scattered accesses.
template <class T>
using pair_bits = conditional_t<sizeof(T) == 2, uint, ulong>;
template <class T>
ANVIL_FN vec<T, 2> load_pair(const T* p) {
  pair_bits<T> bits;
  __builtin_memcpy(&bits, p, sizeof(bits));
  return as_type<vec<T, 2>>(bits);
}
template <class T>
ANVIL_FN void store_pair(T* p, const vec<T, 2>& v) {
  const pair_bits<T> bits = as_type<pair_bits<T>>(v);
  __builtin_memcpy(p, &bits, sizeof(bits));
}
}  // namespace detail

template <class T, int C, int R>
ANVIL_FN void simdgroup_load(simdgroup_matrix<T, C, R>& d, const detail::type_identity_t<T>* src, ulong elements_per_row = C,
                             ulong2 origin = ulong2(0), bool transpose = false) {
  const detail::fragment_place at = detail::place_of(__anvil_lane());
  const T* const p = src + origin.y * elements_per_row + origin.x;
  if (transpose) {
    const T* const q = p + at.column * elements_per_row + at.row;
    d.thread_elements() = vec<T, 2>(q[0], q[elements_per_row]);
  } else {
    d.thread_elements() = detail::load_pair(p + at.row * elements_per_row + at.column);
  }
}
template <class T, int C, int R>
ANVIL_FN void simdgroup_store(const simdgroup_matrix<T, C, R>& s, detail::type_identity_t<T>* dst,
                              ulong elements_per_row = C, ulong2 origin = ulong2(0),
                              bool transpose = false) {
  const detail::fragment_place at = detail::place_of(__anvil_lane());
  T* const p = dst + origin.y * elements_per_row + origin.x;
  if (transpose) {
    T* const q = p + at.column * elements_per_row + at.row;
    q[0] = s.thread_elements().x;
    q[elements_per_row] = s.thread_elements().y;
  } else {
    detail::store_pair(p + at.row * elements_per_row + at.column, s.thread_elements());
  }
}

// d = a b + c in float, rounded once to d's type. Each lane needs its row of a and its two columns
// of b: 24 shuffles whose lane patterns are constants.
template <class D, class A, class B, class E>
ANVIL_FN void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8>& d,
                                            const simdgroup_matrix<A, 8, 8>& a,
                                            const simdgroup_matrix<B, 8, 8>& b,
                                            const simdgroup_matrix<E, 8, 8>& c) {
  const detail::fragment_place at = detail::place_of(__anvil_lane());
  const vec<A, 2> ea = a.thread_elements();
  const vec<B, 2> eb = b.thread_elements();
  const float ax = static_cast<float>(ea.x), ay = static_cast<float>(ea.y);
  const float bx = static_cast<float>(eb.x), by = static_cast<float>(eb.y);
  float x = static_cast<float>(c.thread_elements().x);
  float y = static_cast<float>(c.thread_elements().y);
#pragma clang loop unroll(full)
  for (uint k = 0; k < 8; ++k) {
    const float row = detail::lane_value(k & 1 ? ay : ax, detail::lane_of(at.row, k));
    const uint from = detail::lane_of(k, at.column);
    x = __builtin_fmaf(row, detail::lane_value(bx, from), x);
    y = __builtin_fmaf(row, detail::lane_value(by, from), y);
  }
  d.thread_elements() = vec<D, 2>(detail::convert<D>(x), detail::convert<D>(y));
}
template <class D, class A, class B>
ANVIL_FN void simdgroup_multiply(simdgroup_matrix<D, 8, 8>& d, const simdgroup_matrix<A, 8, 8>& a,
                                 const simdgroup_matrix<B, 8, 8>& b) {
  simdgroup_multiply_accumulate(d, a, b, make_filled_simdgroup_matrix<float, 8, 8>(0.0f));
}

template <class T>
ANVIL_FN simdgroup_matrix<T, 8, 8> operator*(const simdgroup_matrix<T, 8, 8>& a,
                                             const simdgroup_matrix<T, 8, 8>& b) {
  simdgroup_matrix<T, 8, 8> d;
  simdgroup_multiply(d, a, b);
  return d;
}

}  // namespace metal
