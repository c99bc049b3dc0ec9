// <metal_texture>: samplers (specification 2.10), which are 64 bits (abi/texture_abi.h): one that
// is a constant expression leaves nothing to decide at run time.
#pragma once

#include <anvil/texture_abi.h>

#include "types.h"

namespace metal {

enum class coord { normalized, pixel };
enum class filter { nearest, linear };
enum class min_filter { nearest, linear };
enum class mag_filter { nearest, linear };
enum class mip_filter { none, nearest, linear };
// In the order of AnvilAddress.
enum class address {
  clamp_to_edge,
  mirrored_clamp_to_edge,
  repeat,
  mirrored_repeat,
  clamp_to_zero,
  clamp_to_border
};
enum class s_address {
  clamp_to_edge,
  mirrored_clamp_to_edge,
  repeat,
  mirrored_repeat,
  clamp_to_zero,
  clamp_to_border
};
enum class t_address {
  clamp_to_edge,
  mirrored_clamp_to_edge,
  repeat,
  mirrored_repeat,
  clamp_to_zero,
  clamp_to_border
};
enum class r_address {
  clamp_to_edge,
  mirrored_clamp_to_edge,
  repeat,
  mirrored_repeat,
  clamp_to_zero,
  clamp_to_border
};
enum class border_color { transparent_black, opaque_black, opaque_white };
// In the order of AnvilCompare, but for `none`, which is `never`.
enum class compare_func {
  none,
  never = none,
  less,
  equal,
  less_equal,
  greater,
  not_equal,
  greater_equal,
  always
};
/// A hint about quality: it is taken and changes nothing.
struct max_anisotropy {
  constexpr max_anisotropy(int) {}
};
struct lod_clamp {
  constexpr lod_clamp(float low, float high) : low(low), high(high) {}
  float low, high;
};

struct sampler {
  sampler() = default;
  template <class First, class... Rest>
    requires(!__is_same(First, sampler))
  ANVIL_FN constexpr sampler(First first, Rest... rest) : __bits(0) {
    set(first);
    (set(rest), ...);
  }

  ulong __bits = 0;

 private:
  ANVIL_FN constexpr void put(ulong value, int at, int width) {
    const ulong mask = ((1ul << width) - 1) << at;
    __bits = (__bits & ~mask) | (value << at & mask);
  }
  ANVIL_FN constexpr void set(coord v) { put(ulong(v), ANVIL_SAMPLER_PIXEL_COORDINATES); }
  ANVIL_FN constexpr void set(s_address v) { put(ulong(v), ANVIL_SAMPLER_ADDRESS_S); }
  ANVIL_FN constexpr void set(t_address v) { put(ulong(v), ANVIL_SAMPLER_ADDRESS_T); }
  ANVIL_FN constexpr void set(r_address v) { put(ulong(v), ANVIL_SAMPLER_ADDRESS_R); }
  ANVIL_FN constexpr void set(address v) {
    set(s_address(v)), set(t_address(v)), set(r_address(v));
  }
  ANVIL_FN constexpr void set(mag_filter v) { put(ulong(v), ANVIL_SAMPLER_MAG_LINEAR); }
  ANVIL_FN constexpr void set(min_filter v) { put(ulong(v), ANVIL_SAMPLER_MIN_LINEAR); }
  ANVIL_FN constexpr void set(filter v) { set(mag_filter(v)), set(min_filter(v)); }
  ANVIL_FN constexpr void set(mip_filter v) { put(ulong(v), ANVIL_SAMPLER_MIP); }
  ANVIL_FN constexpr void set(compare_func v) { put(ulong(v), ANVIL_SAMPLER_COMPARE); }
  ANVIL_FN constexpr void set(border_color v) { put(ulong(v), ANVIL_SAMPLER_BORDER); }
  ANVIL_FN constexpr void set(max_anisotropy) {}
  ANVIL_FN constexpr void set(lod_clamp v) {
    put(half_bits(v.low), ANVIL_SAMPLER_LOD_MIN);
    put(half_bits(v.high) ^ 0x7c00, ANVIL_SAMPLER_LOD_MAX);
  }
  ANVIL_FN static constexpr ulong half_bits(float v) {
    return v > 65504.0f ? 0x7c00 : __builtin_bit_cast(ushort, half(v < 0.0f ? 0.0f : v));
  }
};

namespace detail {

ANVIL_FN constexpr uint sampler_field(sampler s, int at, int width) {
  return uint(s.__bits >> at & ((1ul << width) - 1));
}

}  // namespace detail
}  // namespace metal
