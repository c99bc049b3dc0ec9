// <metal_pack>: normalised integers in and out of vectors (specification 6.14). The first component
// lies in the low bits.
#pragma once

#include "math.h"

namespace metal {
namespace detail {

// A field of `width` bits at `shift`, as a fraction of its greatest value.
ANVIL_FN float unpack_unorm(uint bits, int shift, int width) {
  const uint most = (1u << width) - 1;
  return float(int(bits >> shift & most)) / float(int(most));
}
ANVIL_FN float unpack_snorm(uint bits, int shift, int width) {
  const int field = int(bits << (32 - shift - width)) >> (32 - width);
  const float v = float(field) / float((1 << (width - 1)) - 1);
  return v < -1.0f ? -1.0f : v;
}
ANVIL_FN uint pack_unorm(float v, int shift, int width) {
  const float scaled = op_clamp{}(v, 0.0f, 1.0f) * float((1 << width) - 1);
  return uint(__builtin_elementwise_rint(scaled)) << shift;
}
ANVIL_FN uint pack_snorm(float v, int shift, int width) {
  const float scaled = op_clamp{}(v, -1.0f, 1.0f) * float((1 << (width - 1)) - 1);
  const uint field = uint(int(__builtin_elementwise_rint(v == v ? scaled : 0.0f)));
  return (field & ((1u << width) - 1)) << shift;
}
// IEC 61966-2-1.
ANVIL_FN float srgb_to_linear(float v) {
  const float curve = pow_magnitude((v + 0.055f) / 1.055f, 2.4f), line = v / 12.92f;
  return v <= 0.04045f ? line : curve;
}
ANVIL_FN float linear_to_srgb(float v) {
  const float c = op_clamp{}(v, 0.0f, 1.0f);
  const float curve = fma1(1.055f, pow_magnitude(c, 1.0f / 2.4f), -0.055f), line = 12.92f * c;
  return c < 0.0031308f ? line : curve;
}

}  // namespace detail

#define ANVIL_PACK_FOR(T)                                                          \
  ANVIL_FN T##4 unpack_unorm4x8_to_##T(uint x) {                                   \
    return T##4(detail::unpack_unorm(x, 0, 8), detail::unpack_unorm(x, 8, 8),      \
                detail::unpack_unorm(x, 16, 8), detail::unpack_unorm(x, 24, 8));   \
  }                                                                                \
  ANVIL_FN T##4 unpack_snorm4x8_to_##T(uint x) {                                   \
    return T##4(detail::unpack_snorm(x, 0, 8), detail::unpack_snorm(x, 8, 8),      \
                detail::unpack_snorm(x, 16, 8), detail::unpack_snorm(x, 24, 8));   \
  }                                                                                \
  ANVIL_FN T##4 unpack_unorm4x8_srgb_to_##T(uint x) {                              \
    return T##4(detail::srgb_to_linear(detail::unpack_unorm(x, 0, 8)),             \
                detail::srgb_to_linear(detail::unpack_unorm(x, 8, 8)),             \
                detail::srgb_to_linear(detail::unpack_unorm(x, 16, 8)),            \
                detail::unpack_unorm(x, 24, 8));                                   \
  }                                                                                \
  ANVIL_FN T##2 unpack_unorm2x16_to_##T(uint x) {                                  \
    return T##2(detail::unpack_unorm(x, 0, 16), detail::unpack_unorm(x, 16, 16));  \
  }                                                                                \
  ANVIL_FN T##2 unpack_snorm2x16_to_##T(uint x) {                                  \
    return T##2(detail::unpack_snorm(x, 0, 16), detail::unpack_snorm(x, 16, 16));  \
  }                                                                                \
  ANVIL_FN T##4 unpack_unorm10a2_to_##T(uint x) {                                  \
    return T##4(detail::unpack_unorm(x, 0, 10), detail::unpack_unorm(x, 10, 10),   \
                detail::unpack_unorm(x, 20, 10), detail::unpack_unorm(x, 30, 2));  \
  }                                                                                \
  ANVIL_FN T##3 unpack_unorm565_to_##T(ushort x) {                                 \
    return T##3(detail::unpack_unorm(x, 11, 5), detail::unpack_unorm(x, 5, 6),     \
                detail::unpack_unorm(x, 0, 5));                                    \
  }                                                                                \
  ANVIL_FN uint pack_##T##_to_unorm4x8(T##4 v) {                                   \
    return detail::pack_unorm(v.x, 0, 8) | detail::pack_unorm(v.y, 8, 8) |         \
           detail::pack_unorm(v.z, 16, 8) | detail::pack_unorm(v.w, 24, 8);        \
  }                                                                                \
  ANVIL_FN uint pack_##T##_to_snorm4x8(T##4 v) {                                   \
    return detail::pack_snorm(v.x, 0, 8) | detail::pack_snorm(v.y, 8, 8) |         \
           detail::pack_snorm(v.z, 16, 8) | detail::pack_snorm(v.w, 24, 8);        \
  }                                                                                \
  ANVIL_FN uint pack_##T##_to_srgb_unorm4x8(T##4 v) {                              \
    return detail::pack_unorm(detail::linear_to_srgb(v.x), 0, 8) |                 \
           detail::pack_unorm(detail::linear_to_srgb(v.y), 8, 8) |                 \
           detail::pack_unorm(detail::linear_to_srgb(v.z), 16, 8) |                \
           detail::pack_unorm(v.w, 24, 8);                                         \
  }                                                                                \
  ANVIL_FN uint pack_##T##_to_unorm2x16(T##2 v) {                                  \
    return detail::pack_unorm(v.x, 0, 16) | detail::pack_unorm(v.y, 16, 16);       \
  }                                                                                \
  ANVIL_FN uint pack_##T##_to_snorm2x16(T##2 v) {                                  \
    return detail::pack_snorm(v.x, 0, 16) | detail::pack_snorm(v.y, 16, 16);       \
  }                                                                                \
  ANVIL_FN uint pack_##T##_to_unorm10a2(T##4 v) {                                  \
    return detail::pack_unorm(v.x, 0, 10) | detail::pack_unorm(v.y, 10, 10) |      \
           detail::pack_unorm(v.z, 20, 10) | detail::pack_unorm(v.w, 30, 2);       \
  }                                                                                \
  ANVIL_FN ushort pack_##T##_to_unorm565(T##3 v) {                                 \
    return ushort(detail::pack_unorm(v.x, 11, 5) | detail::pack_unorm(v.y, 5, 6) | \
                  detail::pack_unorm(v.z, 0, 5));                                  \
  }
ANVIL_PACK_FOR(float)
ANVIL_PACK_FOR(half)
#undef ANVIL_PACK_FOR

}  // namespace metal
