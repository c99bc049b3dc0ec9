// simd/simd.h for host code: the vector and matrix types that it shares with kernels, of the same
// layout, and the functions that programs call on them.
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define ANVIL_SIMD_VECTORS(type, name)                                                           \
  typedef type simd_##name##1;                                                                   \
  typedef type simd_##name##2 __attribute__((ext_vector_type(2)));                               \
  typedef type simd_##name##3 __attribute__((ext_vector_type(3)));                               \
  typedef type simd_##name##4 __attribute__((ext_vector_type(4)));                               \
  typedef type simd_##name##8 __attribute__((ext_vector_type(8)));                               \
  typedef type simd_packed_##name##2 __attribute__((ext_vector_type(2), aligned(sizeof(type)))); \
  typedef type simd_packed_##name##4 __attribute__((ext_vector_type(4), aligned(sizeof(type))));

ANVIL_SIMD_VECTORS(signed char, char)
ANVIL_SIMD_VECTORS(unsigned char, uchar)
ANVIL_SIMD_VECTORS(short, short)
ANVIL_SIMD_VECTORS(unsigned short, ushort)
ANVIL_SIMD_VECTORS(int, int)
ANVIL_SIMD_VECTORS(unsigned int, uint)
ANVIL_SIMD_VECTORS(long, long)
ANVIL_SIMD_VECTORS(unsigned long, ulong)
ANVIL_SIMD_VECTORS(_Float16, half)
ANVIL_SIMD_VECTORS(float, float)
ANVIL_SIMD_VECTORS(double, double)
#undef ANVIL_SIMD_VECTORS

typedef simd_uchar2 vector_uchar2;
typedef simd_uchar4 vector_uchar4;
typedef simd_int2 vector_int2;
typedef simd_int3 vector_int3;
typedef simd_int4 vector_int4;
typedef simd_uint2 vector_uint2;
typedef simd_uint3 vector_uint3;
typedef simd_uint4 vector_uint4;
typedef simd_float2 vector_float2;
typedef simd_float3 vector_float3;
typedef simd_float4 vector_float4;

#define ANVIL_SIMD_MATRIX(columns_, rows) \
  typedef struct {                        \
    simd_float##rows columns[columns_];   \
  } simd_float##columns_##x##rows;        \
  typedef simd_float##columns_##x##rows matrix_float##columns_##x##rows;
ANVIL_SIMD_MATRIX(2, 2)
ANVIL_SIMD_MATRIX(2, 3)
ANVIL_SIMD_MATRIX(2, 4)
ANVIL_SIMD_MATRIX(3, 2)
ANVIL_SIMD_MATRIX(3, 3)
ANVIL_SIMD_MATRIX(3, 4)
ANVIL_SIMD_MATRIX(4, 2)
ANVIL_SIMD_MATRIX(4, 3)
ANVIL_SIMD_MATRIX(4, 4)
#undef ANVIL_SIMD_MATRIX

#define ANVIL_SIMD static inline __attribute__((always_inline, overloadable, unused))

#define ANVIL_SIMD_MAKE(type)                                                           \
  ANVIL_SIMD simd_##type##2 simd_make_##type##2(simd_##type##1 x, simd_##type##1 y) {   \
    return (simd_##type##2){x, y};                                                      \
  }                                                                                     \
  ANVIL_SIMD simd_##type##3 simd_make_##type##3(simd_##type##1 x, simd_##type##1 y,     \
                                                simd_##type##1 z) {                     \
    return (simd_##type##3){x, y, z};                                                   \
  }                                                                                     \
  ANVIL_SIMD simd_##type##4 simd_make_##type##4(simd_##type##1 x, simd_##type##1 y,     \
                                                simd_##type##1 z, simd_##type##1 w) {   \
    return (simd_##type##4){x, y, z, w};                                                \
  }                                                                                     \
  ANVIL_SIMD simd_##type##4 simd_make_##type##4(simd_##type##3 xyz, simd_##type##1 w) { \
    return (simd_##type##4){xyz.x, xyz.y, xyz.z, w};                                    \
  }
ANVIL_SIMD_MAKE(int)
ANVIL_SIMD_MAKE(uint)
ANVIL_SIMD_MAKE(float)
#undef ANVIL_SIMD_MAKE

#define ANVIL_SIMD_FLOATS(type, sum)                        \
  ANVIL_SIMD float simd_dot(type a, type b) {               \
    const type p = a * b;                                   \
    return sum;                                             \
  }                                                         \
  ANVIL_SIMD float simd_length_squared(type a) {            \
    return simd_dot(a, a);                                  \
  }                                                         \
  ANVIL_SIMD float simd_length(type a) {                    \
    return sqrtf(simd_dot(a, a));                           \
  }                                                         \
  ANVIL_SIMD float simd_distance(type a, type b) {          \
    return simd_length(a - b);                              \
  }                                                         \
  ANVIL_SIMD type simd_normalize(type a) {                  \
    return a / simd_length(a);                              \
  }                                                         \
  ANVIL_SIMD float simd_reduce_add(type p) {                \
    return sum;                                             \
  }                                                         \
  ANVIL_SIMD type simd_min(type a, type b) {                \
    return __builtin_elementwise_min(a, b);                 \
  }                                                         \
  ANVIL_SIMD type simd_max(type a, type b) {                \
    return __builtin_elementwise_max(a, b);                 \
  }                                                         \
  ANVIL_SIMD type simd_abs(type a) {                        \
    return __builtin_elementwise_abs(a);                    \
  }                                                         \
  ANVIL_SIMD type simd_clamp(type a, type low, type high) { \
    return simd_min(simd_max(a, low), high);                \
  }                                                         \
  ANVIL_SIMD type simd_mix(type a, type b, type t) {        \
    return a + t * (b - a);                                 \
  }
ANVIL_SIMD_FLOATS(simd_float2, p.x + p.y)
ANVIL_SIMD_FLOATS(simd_float3, p.x + p.y + p.z)
ANVIL_SIMD_FLOATS(simd_float4, p.x + p.y + p.z + p.w)
#undef ANVIL_SIMD_FLOATS

ANVIL_SIMD simd_float3 simd_cross(simd_float3 a, simd_float3 b) {
  return a.yzx * b.zxy - a.zxy * b.yzx;
}

ANVIL_SIMD simd_float2x2 simd_matrix(simd_float2 a, simd_float2 b) {
  simd_float2x2 m = {{a, b}};
  return m;
}
ANVIL_SIMD simd_float3x3 simd_matrix(simd_float3 a, simd_float3 b, simd_float3 c) {
  simd_float3x3 m = {{a, b, c}};
  return m;
}
ANVIL_SIMD simd_float4x4 simd_matrix(simd_float4 a, simd_float4 b, simd_float4 c, simd_float4 d) {
  simd_float4x4 m = {{a, b, c, d}};
  return m;
}

#define ANVIL_SIMD_SQUARE(n, product)                                                     \
  ANVIL_SIMD simd_float##n simd_mul(simd_float##n##x##n m, simd_float##n v) {             \
    return product;                                                                       \
  }                                                                                       \
  ANVIL_SIMD simd_float##n##x##n simd_mul(simd_float##n##x##n a, simd_float##n##x##n b) { \
    simd_float##n##x##n m;                                                                \
    for (int i = 0; i < n; ++i) m.columns[i] = simd_mul(a, b.columns[i]);                 \
    return m;                                                                             \
  }                                                                                       \
  ANVIL_SIMD simd_float##n##x##n simd_transpose(simd_float##n##x##n a) {                  \
    simd_float##n##x##n m;                                                                \
    for (int i = 0; i < n; ++i)                                                           \
      for (int j = 0; j < n; ++j) m.columns[i][j] = a.columns[j][i];                      \
    return m;                                                                             \
  }
ANVIL_SIMD_SQUARE(2, m.columns[0] * v.x + m.columns[1] * v.y)
ANVIL_SIMD_SQUARE(3, m.columns[0] * v.x + m.columns[1] * v.y + m.columns[2] * v.z)
ANVIL_SIMD_SQUARE(4,
                  m.columns[0] * v.x + m.columns[1] * v.y + m.columns[2] * v.z + m.columns[3] * v.w)
#undef ANVIL_SIMD_SQUARE

static const simd_float2x2 matrix_identity_float2x2 = {{{1, 0}, {0, 1}}};
static const simd_float3x3 matrix_identity_float3x3 = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
static const simd_float4x4 matrix_identity_float4x4 = {
    {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}};

#ifdef __cplusplus
namespace simd {
#define ANVIL_SIMD_NAMES(name)      \
  using name##2 = ::simd_##name##2; \
  using name##3 = ::simd_##name##3; \
  using name##4 = ::simd_##name##4;
ANVIL_SIMD_NAMES(char)
ANVIL_SIMD_NAMES(uchar)
ANVIL_SIMD_NAMES(short)
ANVIL_SIMD_NAMES(ushort)
ANVIL_SIMD_NAMES(int)
ANVIL_SIMD_NAMES(uint)
ANVIL_SIMD_NAMES(half)
ANVIL_SIMD_NAMES(float)
ANVIL_SIMD_NAMES(double)
#undef ANVIL_SIMD_NAMES

/// A matrix with constructors and products.
#define ANVIL_SIMD_CLASS(n)                                                                       \
  struct float##n##x##n                                                                           \
      : ::simd_float##n##x##                                                                      \
        n{float##n##x##n() : ::simd_float##n##x##n{} {} float##n##x##n(::simd_float##n##x##n m) : \
              ::simd_float##n##x##n(m){} explicit float##n##x##n(float diagonal) :                \
                  ::simd_float##n##x##n{} {for (int i = 0; i < n; ++i) columns[i][i] = diagonal;  \
  }                                                                                               \
  friend float##n operator*(const float##n##x##n& m, float##n v) {                                \
    return simd_mul(m, v);                                                                        \
  }                                                                                               \
  friend float##n##x##n operator*(const float##n##x##n& a, const float##n##x##n& b) {             \
    return simd_mul(static_cast<const ::simd_float##n##x##n&>(a),                                 \
                    static_cast<const ::simd_float##n##x##n&>(b));                                \
  }                                                                                               \
  }                                                                                               \
  ;
ANVIL_SIMD_CLASS(2)
ANVIL_SIMD_CLASS(3)
ANVIL_SIMD_CLASS(4)
#undef ANVIL_SIMD_CLASS

template <class V>
float dot(V a, V b) {
  return simd_dot(a, b);
}
template <class V>
float length(V a) {
  return simd_length(a);
}
template <class V>
V normalize(V a) {
  return simd_normalize(a);
}
inline float3 cross(float3 a, float3 b) {
  return simd_cross(a, b);
}
}  // namespace simd
#endif
