// <metal_geometric>: vector geometry (specification 6.10).
#pragma once

#include "common.h"

namespace metal {
namespace detail {

// In float whatever the components: a half's square overflows at 256.
template <class V>
ANVIL_FN constexpr float dot_float(const V& a, const V& b) {
  float sum = component<float>(a, 0) * component<float>(b, 0);
  for (int i = 1; i < components<V>; ++i)
    sum = __builtin_elementwise_fma(component<float>(a, i), component<float>(b, i), sum);
  return sum;
}

}  // namespace detail

template <class T, int N>
  requires(is_floating_point_v<T>)
ANVIL_FN constexpr T dot(const vec<T, N>& a, const vec<T, N>& b) {
  return detail::convert<T>(detail::dot_float(a, b));
}
template <class T, int N>
ANVIL_FN constexpr T dot(const packed_vec<T, N>& a, const packed_vec<T, N>& b) {
  return dot(vec<T, N>(a), vec<T, N>(b));
}
template <class T>
ANVIL_FN constexpr vec<T, 3> cross(const vec<T, 3>& a, const vec<T, 3>& b) {
  return vec<T, 3>(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
}
template <class T, int N>
ANVIL_FN T length_squared(const vec<T, N>& v) {
  return dot(v, v);
}
template <class T, int N>
ANVIL_FN T length(const vec<T, N>& v) {
  return detail::convert<T>(__builtin_elementwise_sqrt(detail::dot_float(v, v)));
}
template <class T, int N>
ANVIL_FN T distance(const vec<T, N>& a, const vec<T, N>& b) {
  return length(a - b);
}
template <class T, int N>
ANVIL_FN T distance_squared(const vec<T, N>& a, const vec<T, N>& b) {
  return length_squared(a - b);
}
template <class T, int N>
ANVIL_FN vec<T, N> normalize(const vec<T, N>& v) {
  const float scale = 1.0f / __builtin_elementwise_sqrt(detail::dot_float(v, v));
  return detail::map_float([=](float x) ANVIL_INLINE { return x * scale; }, v);
}
template <class T, int N>
ANVIL_FN vec<T, N> faceforward(const vec<T, N>& n, const vec<T, N>& i, const vec<T, N>& ref) {
  return select(-n, n, dot(ref, i) < T(0));
}
template <class T, int N>
ANVIL_FN vec<T, N> reflect(const vec<T, N>& i, const vec<T, N>& n) {
  return i - n * (T(2) * dot(n, i));
}
template <class T, int N>
ANVIL_FN vec<T, N> refract(const vec<T, N>& i, const vec<T, N>& n, detail::type_identity_t<T> eta) {
  const float e = static_cast<float>(eta), d = detail::dot_float(n, i);
  const float k = 1.0f - e * e * (1.0f - d * d);
  const float root = __builtin_elementwise_sqrt(k < 0.0f ? 0.0f : k);
  return detail::map_float(
      [=](float x, float m) ANVIL_INLINE { return k < 0.0f ? 0.0f : e * x - (e * d + root) * m; },
      i, n);
}

namespace fast {
using metal::distance;
using metal::distance_squared;
using metal::length;
using metal::length_squared;
using metal::normalize;
}  // namespace fast
namespace precise {
using metal::distance;
using metal::distance_squared;
using metal::length;
using metal::length_squared;
using metal::normalize;
}  // namespace precise

}  // namespace metal
