// <metal_matrix>: matrix<T, Columns, Rows>, stored by columns (specification 2.3 and 6.12).
#pragma once

#include "elementwise.h"

namespace metal {

template <class T, int C, int R>
class matrix {
  static_assert(C >= 2 && C <= 4 && R >= 2 && R <= 4, "matrix has 2 to 4 columns and rows");
  static_assert(is_floating_point_v<T>, "matrix holds half, bfloat or float");

 public:
  using column = vec<T, R>;
  column columns[C];

  matrix() = default;
  // A scalar fills the diagonal.
  template <class S>
    requires(detail::is_component<S>)
  ANVIL_FN constexpr explicit matrix(S s) {
    for (int c = 0; c < C; ++c)
      for (int r = 0; r < R; ++r) at(c, r) = r == c ? detail::convert<T>(s) : T(0);
  }
  // Scalars and vectors in column order.
  template <class A, class B, class... M>
    requires(detail::components<A> + detail::components<B> + (0 + ... + detail::components<M>) ==
             C * R)
  ANVIL_FN constexpr matrix(const A& a, const B& b, const M&... rest) {
    int n = 0;
    put(n, a), put(n, b), (put(n, rest), ...);
  }
  template <class U>
    requires(!__is_same(T, U))
  ANVIL_FN constexpr explicit matrix(const matrix<U, C, R>& o) {
    for (int c = 0; c < C; ++c) columns[c] = column(o.columns[c]);
  }

  // A column is in the matrix's address space.
  ANVIL_FN constexpr column& operator[](int c) { return columns[c]; }
  ANVIL_FN constexpr const column& operator[](int c) const { return columns[c]; }
  ANVIL_FN constexpr __global column& operator[](int c) __global { return columns[c]; }
  ANVIL_FN constexpr const __global column& operator[](int c) const __global { return columns[c]; }
  ANVIL_FN constexpr __local column& operator[](int c) __local { return columns[c]; }
  ANVIL_FN constexpr const __local column& operator[](int c) const __local { return columns[c]; }
  ANVIL_FN constexpr const __constant column& operator[](int c) const __constant { return columns[c]; }

  ANVIL_FN friend constexpr matrix operator+(const matrix& a, const matrix& b) {
    return each([&](int c) ANVIL_INLINE { return a.columns[c] + b.columns[c]; });
  }
  ANVIL_FN friend constexpr matrix operator-(const matrix& a, const matrix& b) {
    return each([&](int c) ANVIL_INLINE { return a.columns[c] - b.columns[c]; });
  }
  ANVIL_FN friend constexpr matrix operator*(const matrix& a, T s) {
    return each([&](int c) ANVIL_INLINE { return a.columns[c] * s; });
  }
  ANVIL_FN friend constexpr matrix operator*(T s, const matrix& a) { return a * s; }
  ANVIL_FN friend constexpr matrix operator/(const matrix& a, T s) {
    return each([&](int c) ANVIL_INLINE { return a.columns[c] / s; });
  }
  ANVIL_FN constexpr matrix operator-() const {
    return each([&](int c) ANVIL_INLINE { return -columns[c]; });
  }
  ANVIL_FN friend constexpr column operator*(const matrix& a, const vec<T, C>& x) {
    column y = a.columns[0] * x[0];
    for (int c = 1; c < C; ++c) y += a.columns[c] * x[c];
    return y;
  }
  ANVIL_FN friend constexpr vec<T, C> operator*(const column& x, const matrix& a) {
    vec<T, C> y;
    for (int c = 0; c < C; ++c) {
      T sum = x[0] * a.columns[c][0];
      for (int r = 1; r < R; ++r) sum += x[r] * a.columns[c][r];
      y[c] = sum;
    }
    return y;
  }
  template <int K>
  ANVIL_FN friend constexpr matrix<T, K, R> operator*(const matrix& a, const matrix<T, K, C>& b) {
    matrix<T, K, R> y;
    for (int k = 0; k < K; ++k) y.columns[k] = a * b.columns[k];
    return y;
  }
  ANVIL_FN constexpr matrix& operator+=(const matrix& o) { return *this = *this + o; }
  ANVIL_FN constexpr matrix& operator-=(const matrix& o) { return *this = *this - o; }
  ANVIL_FN constexpr matrix& operator*=(T s) { return *this = *this * s; }
  ANVIL_FN constexpr matrix& operator/=(T s) { return *this = *this / s; }
  ANVIL_FN constexpr matrix& operator*=(const matrix<T, C, C>& o) { return *this = *this * o; }

  ANVIL_FN friend constexpr bool operator==(const matrix& a, const matrix& b) {
    bool same = true;
    for (int c = 0; c < C; ++c)
      for (int r = 0; r < R; ++r) same &= a.columns[c][r] == b.columns[c][r];
    return same;
  }

 private:
  template <class F>
  ANVIL_FN static constexpr matrix each(F f) {
    matrix m;
    for (int c = 0; c < C; ++c) m.columns[c] = f(c);
    return m;
  }
  ANVIL_FN constexpr T& at(int c, int r) { return columns[c][r]; }
  template <class A>
  ANVIL_FN constexpr void put(int& n, const A& a) {
    for (int i = 0; i < detail::components<A>; ++i, ++n)
      at(n / R, n % R) = detail::component<T>(a, i);
  }
};

template <class T, int C, int R>
ANVIL_FN constexpr matrix<T, R, C> transpose(const matrix<T, C, R>& m) {
  matrix<T, R, C> t;
  for (int c = 0; c < C; ++c)
    for (int r = 0; r < R; ++r) t.columns[r][c] = m.columns[c][r];
  return t;
}
template <class T>
ANVIL_FN constexpr T determinant(const matrix<T, 2, 2>& m) {
  return m[0][0] * m[1][1] - m[1][0] * m[0][1];
}
template <class T>
ANVIL_FN constexpr T determinant(const matrix<T, 3, 3>& m) {
  return m[0][0] * (m[1][1] * m[2][2] - m[2][1] * m[1][2]) -
         m[1][0] * (m[0][1] * m[2][2] - m[2][1] * m[0][2]) +
         m[2][0] * (m[0][1] * m[1][2] - m[1][1] * m[0][2]);
}
template <class T>
ANVIL_FN constexpr T determinant(const matrix<T, 4, 4>& m) {
  // Laplace expansion over the 2x2 minors of the first and of the last two columns.
  auto minor = [&](int c, int i, int j)
                   ANVIL_INLINE { return m[c][i] * m[c + 1][j] - m[c][j] * m[c + 1][i]; };
  return minor(0, 0, 1) * minor(2, 2, 3) - minor(0, 0, 2) * minor(2, 1, 3) +
         minor(0, 0, 3) * minor(2, 1, 2) + minor(0, 1, 2) * minor(2, 0, 3) -
         minor(0, 1, 3) * minor(2, 0, 2) + minor(0, 2, 3) * minor(2, 0, 1);
}

}  // namespace metal

#define ANVIL_MATRICES(T, R)               \
  typedef metal::matrix<T, 2, R> T##2x##R; \
  typedef metal::matrix<T, 3, R> T##3x##R; \
  typedef metal::matrix<T, 4, R> T##4x##R; \
  namespace metal {                        \
  using ::T##2x##R;                        \
  using ::T##3x##R;                        \
  using ::T##4x##R;                        \
  }
ANVIL_MATRICES(half, 2)
ANVIL_MATRICES(half, 3)
ANVIL_MATRICES(half, 4)
ANVIL_MATRICES(float, 2)
ANVIL_MATRICES(float, 3)
ANVIL_MATRICES(float, 4)
#undef ANVIL_MATRICES
