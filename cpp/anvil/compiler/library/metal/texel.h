// Texels in memory and as numbers: what a texture's descriptor (abi/texture_abi.h) says of them.
// A descriptor is the same for all lanes, so that choosing by it is a jump, and shifts are by
// scalars.
#pragma once

#include <anvil/texture_abi.h>

#include "math_basic.h"
#include "srgb.h"

namespace metal::detail {

// The structures here have copy constructors of their own: a C ABI would pack trivial ones into
// integers, which hides from the vectoriser what it knows of their members.

/// N: float, int or uint.
template <class N>
struct texel {
  ANVIL_FN texel(N red, N green, N blue, N alpha) : r(red), g(green), b(blue), a(alpha) {}
  ANVIL_FN texel(const texel& o) : r(o.r), g(o.g), b(o.b), a(o.a) {}
  ANVIL_FN texel& operator=(const texel& o) {
    r = o.r, g = o.g, b = o.b, a = o.a;
    return *this;
  }
  N r, g, b, a;
};
using bits_of_texel = texel<uint>;

/// What texels of a texture<T> are computed in.
template <class T>
using texel_number =
    conditional_t<is_floating_point_v<T>, float, conditional_t<is_signed_v<T>, int, uint>>;

// A number of 64 bits lies in two channels.
template <class T>
ANVIL_FN vec<T, 4> as_vector(texel<texel_number<T>> v) {
  if constexpr (sizeof(T) == 8)
    return vec<T, 4>(T(v.r) | T(v.g) << 32, T(0), T(0), T(0));
  else
    return vec<T, 4>(T(v.r), T(v.g), T(v.b), T(v.a));
}
template <class T>
ANVIL_FN texel<texel_number<T>> as_texel(vec<T, 4> v) {
  using N = texel_number<T>;
  if constexpr (sizeof(T) == 8)
    return {N(v.x), N(v.x >> 32), N(0), N(0)};
  else
    return {N(v.x), N(v.y), N(v.z), N(v.w)};
}

/// Where a texel lies: in which row, and at what place in it.
struct texel_place {
  ANVIL_FN texel_place(uchar* row, uint x, bool inside) : row(row), x(x), inside(inside) {}
  ANVIL_FN texel_place(const texel_place& o) : row(o.row), x(o.x), inside(o.inside) {}
  uchar* row;
  uint x;
  bool inside;  ///< otherwise there is nothing at its place
};

/// `z` is a slice of an array or of a volume.
ANVIL_FN texel_place place_of(const AnvilTexture* t, uint x, uint y, uint z, uint lod) {
  const bool there = lod < t->levels;
  const AnvilTextureLevel& level = t->level[there ? lod : 0];
  const uint slices = level.depth > 1 ? level.depth : t->slices;
  uchar* const first = *reinterpret_cast<uchar* const*>(&level.texels);
  return {first + ulong(z) * level.slice_bytes + ulong(y) * level.row_bytes, x,
          bool(int(there) & int(x < level.width) & int(y < level.height) & int(z < slices))};
}

/// The texel's storage as T; the place is inside. No row has 2^31 texels: neighbouring lanes' are
/// neighbours also where a coordinate wrapped around below 0.
template <class T>
ANVIL_FN T* texel_at(texel_place place) {
  return reinterpret_cast<T*>(place.row) + int(place.x);
}

ANVIL_FN uint channel_mask(const AnvilTexture* t, int channel) {
  return uint((1ul << t->bits[channel]) - 1);
}
ANVIL_FN uint channel_of(const AnvilTexture* t, uint word, int channel) {
  return word >> t->shift[channel] & channel_mask(t, channel);
}

// A texel of four words, by halves: what is gathered has 64 bits at most.
template <class T>
ANVIL_FN native<T, 4> words_of(texel_place place) {
  const native<T, 2>* const at = texel_at<native<T, 2>>(place) + int(place.x);
  return __builtin_shufflevector(at[0], at[1], 0, 1, 2, 3);
}

/// The channels' bits, each in the low ones of its number.
ANVIL_FN bits_of_texel load_bits(const AnvilTexture* t, texel_place place) {
  uint word;
  switch (t->layout) {
    case ANVIL_TEXEL_PACKED_8:
      word = *texel_at<uchar>(place);
      break;
    case ANVIL_TEXEL_PACKED_16:
      word = *texel_at<ushort>(place);
      break;
    case ANVIL_TEXEL_PACKED_32:
      word = *texel_at<uint>(place);
      break;
    case ANVIL_TEXEL_16X4: {
      const native<uint, 2> v = *texel_at<native<uint, 2>>(place);
      return {v[0] & 0xffff, v[0] >> 16, v[1] & 0xffff, v[1] >> 16};
    }
    case ANVIL_TEXEL_32X2: {
      const native<uint, 2> v = *texel_at<native<uint, 2>>(place);
      return {v[0], v[1], 0, 0};
    }
    default: {
      const native<uint, 4> v = words_of<uint>(place);
      return {v[0], v[1], v[2], v[3]};
    }
  }
  return {channel_of(t, word, 0), channel_of(t, word, 1), channel_of(t, word, 2),
          channel_of(t, word, 3)};
}

ANVIL_FN void store_bits(const AnvilTexture* t, texel_place place, bits_of_texel v) {
  switch (t->layout) {
    case ANVIL_TEXEL_16X4:
      *texel_at<native<uint, 2>>(place) =
          native<uint, 2>{(v.r & 0xffff) | v.g << 16, (v.b & 0xffff) | v.a << 16};
      return;
    case ANVIL_TEXEL_32X2:
      *texel_at<native<uint, 2>>(place) = native<uint, 2>{v.r, v.g};
      return;
    case ANVIL_TEXEL_32X4:
      *texel_at<native<uint, 4>>(place) = native<uint, 4>{v.r, v.g, v.b, v.a};
      return;
  }
  const uint word =
      (v.r & channel_mask(t, 0)) << t->shift[0] | (v.g & channel_mask(t, 1)) << t->shift[1] |
      (v.b & channel_mask(t, 2)) << t->shift[2] | (v.a & channel_mask(t, 3)) << t->shift[3];
  switch (t->layout) {
    case ANVIL_TEXEL_PACKED_8:
      *texel_at<uchar>(place) = uchar(word);
      return;
    case ANVIL_TEXEL_PACKED_16:
      *texel_at<ushort>(place) = ushort(word);
      return;
    case ANVIL_TEXEL_PACKED_32:
      *texel_at<uint>(place) = word;
      return;
  }
}

// Numbers. A fraction v / most is correctly rounded: an estimate and a step of Newton's.

ANVIL_FN float fraction(float v, float most, float inverse) {
  ANVIL_EXACT
  const float q = v * inverse;
  return __builtin_fmaf(__builtin_fmaf(-q, most, v), inverse, q);
}
ANVIL_FN float decode_unorm(const AnvilTexture* t, uint v, int channel) {
  return fraction(float(int(v)), float(int(channel_mask(t, channel))), t->inverse[channel]);
}
ANVIL_FN int decode_sint(const AnvilTexture* t, uint v, int channel) {
  const uint unused = (32 - t->bits[channel]) & 31;
  return int(v << unused) >> unused;
}
ANVIL_FN float decode_snorm(const AnvilTexture* t, uint v, int channel) {
  const float f = fraction(float(decode_sint(t, v, channel)),
                           float(int(channel_mask(t, channel) >> 1)), t->inverse[channel]);
  return f < -1.0f ? -1.0f : f;
}
ANVIL_FN float decode_half(const AnvilTexture* t, uint v, int channel) {
  const uint unused = t->bits[channel] == 16 ? 0 : 15 - t->bits[channel];
  return float(__builtin_bit_cast(half, ushort(v << unused)));
}
ANVIL_FN float as_float(uint v) {
  return __builtin_bit_cast(float, v);
}

ANVIL_FN texel<float> decode_float(const AnvilTexture* t, bits_of_texel v) {
  texel<float> f(0, 0, 0, 0);
  switch (t->kind) {
    case ANVIL_TEXEL_UNORM:
      f = texel<float>{decode_unorm(t, v.r, 0), decode_unorm(t, v.g, 1), decode_unorm(t, v.b, 2),
                       decode_unorm(t, v.a, 3)};
      break;
    case ANVIL_TEXEL_SNORM:
      f = texel<float>{decode_snorm(t, v.r, 0), decode_snorm(t, v.g, 1), decode_snorm(t, v.b, 2),
                       decode_snorm(t, v.a, 3)};
      break;
    case ANVIL_TEXEL_SRGB:
      f = texel<float>{srgb_decoded[v.r], srgb_decoded[v.g], srgb_decoded[v.b],
                       decode_unorm(t, v.a, 3)};
      break;
    case ANVIL_TEXEL_HALF:
      f = texel<float>{decode_half(t, v.r, 0), decode_half(t, v.g, 1), decode_half(t, v.b, 2),
                       decode_half(t, v.a, 3)};
      break;
    case ANVIL_TEXEL_SHARED_EXPONENT: {
      const float scale = as_float((v.a + 127 - 24) << 23);
      return {float(int(v.r)) * scale, float(int(v.g)) * scale, float(int(v.b)) * scale, 1.0f};
    }
    default:
      f = texel<float>{as_float(v.r), as_float(v.g), as_float(v.b), as_float(v.a)};
  }
  if (t->bits[3] == 0) f.a = 1.0f;
  return f;
}

template <class N>
ANVIL_FN texel<N> decode_integer(const AnvilTexture* t, bits_of_texel v) {
  if (t->kind == ANVIL_TEXEL_SINT)
    v = bits_of_texel{uint(decode_sint(t, v.r, 0)), uint(decode_sint(t, v.g, 1)),
                      uint(decode_sint(t, v.b, 2)), uint(decode_sint(t, v.a, 3))};
  return {N(v.r), N(v.g), N(v.b), t->bits[3] == 0 ? N(1) : N(v.a)};
}

template <class N>
ANVIL_FN N swizzled(texel<N> v, uint channel) {
  return channel == ANVIL_SWIZZLE_ZERO    ? N(0)
         : channel == ANVIL_SWIZZLE_ONE   ? N(1)
         : channel == ANVIL_SWIZZLE_RED   ? v.r
         : channel == ANVIL_SWIZZLE_GREEN ? v.g
         : channel == ANVIL_SWIZZLE_BLUE  ? v.b
                                          : v.a;
}

/// The numbers of the texel there, which is inside.
template <class N>
ANVIL_FN texel<N> load_texel(const AnvilTexture* t, texel_place place) {
  texel<N> v(0, 0, 0, 0);
  if constexpr (__is_same(N, float))
    v = decode_float(t, load_bits(t, place));
  else
    v = decode_integer<N>(t, load_bits(t, place));
  if (const uint s = t->swizzle; s != 0)
    v = texel<N>{swizzled(v, s & 15), swizzled(v, s >> 4 & 15), swizzled(v, s >> 8 & 15),
                 swizzled(v, s >> 12 & 15)};
  return v;
}

ANVIL_FN uint encode_unorm(const AnvilTexture* t, float v, int channel) {
  const float most = float(int(channel_mask(t, channel)));
  return uint(int(__builtin_elementwise_rint(op_clamp{}(v, 0.0f, 1.0f) * most)));
}
ANVIL_FN uint encode_snorm(const AnvilTexture* t, float v, int channel) {
  const float most = float(int(channel_mask(t, channel) >> 1));
  const float scaled = op_clamp{}(v == v ? v : 0.0f, -1.0f, 1.0f) * most;
  return uint(int(__builtin_elementwise_rint(scaled)));
}

// A float without a sign, of 5 bits of exponent and the rest mantissa: nearest, ties to even, what
// is below 0 is 0, finite numbers stay finite.
ANVIL_FN uint encode_small_float(float v, uint bits) {
  ANVIL_EXACT
  const uint mantissa = bits - 5, dropped = 23 - mantissa, word = __builtin_bit_cast(uint, v);
  const uint infinity = 31u << mantissa;
  const uint rounded = (word + ((1u << (dropped - 1)) - 1) + (word >> dropped & 1)) >> dropped;
  // Of a subnormal, which the steps of its numbers make an integer.
  const uint steps = uint(int(__builtin_elementwise_rint(op_clamp{}(v, 0.0f, 0x1p-14f) *
                                                         as_float((127 + 14 + mantissa) << 23))));
  uint result = v < 0x1p-14f ? steps : rounded - ((127u - 15u) << mantissa);
  result = result >= infinity ? infinity - 1 : result;
  result = word == 0x7f800000 ? infinity : result;
  result = v <= 0.0f ? 0 : result;
  return v != v ? infinity | 1u << (mantissa - 1) : result;
}
ANVIL_FN uint encode_half(const AnvilTexture* t, float v, int channel) {
  const uint bits = t->bits[channel];
  if (bits == 16 || bits == 0) return __builtin_bit_cast(ushort, half(v));
  return encode_small_float(v, bits);
}
// As EXT_texture_shared_exponent (OpenGL registry) computes it.
ANVIL_FN bits_of_texel encode_shared_exponent(texel<float> v) {
  ANVIL_EXACT
  const float r = op_clamp{}(v.r, 0.0f, 65408.0f), g = op_clamp{}(v.g, 0.0f, 65408.0f),
              b = op_clamp{}(v.b, 0.0f, 65408.0f);
  const float most = op_max{}(op_max{}(r, g), b);
  const int exponent = op_max{}(int(__builtin_bit_cast(uint, most) >> 23) - 127, -16) + 16;
  const float scale = as_float(uint(127 + 24 - exponent) << 23);
  const bool carries = __builtin_elementwise_floor(most * scale + 0.5f) == 512.0f;
  const float its = carries ? scale * 0.5f : scale;
  const auto rounded = [&](float f) ANVIL_INLINE {
    return uint(int(__builtin_elementwise_floor(f * its + 0.5f)));
  };
  return {rounded(r), rounded(g), rounded(b), uint(exponent + (carries ? 1 : 0))};
}

ANVIL_FN bits_of_texel encode_float(const AnvilTexture* t, texel<float> v) {
  switch (t->kind) {
    case ANVIL_TEXEL_UNORM:
      return {encode_unorm(t, v.r, 0), encode_unorm(t, v.g, 1), encode_unorm(t, v.b, 2),
              encode_unorm(t, v.a, 3)};
    case ANVIL_TEXEL_SNORM:
      return {encode_snorm(t, v.r, 0), encode_snorm(t, v.g, 1), encode_snorm(t, v.b, 2),
              encode_snorm(t, v.a, 3)};
    case ANVIL_TEXEL_SRGB:
      return {encode_srgb(v.r), encode_srgb(v.g), encode_srgb(v.b), encode_unorm(t, v.a, 3)};
    case ANVIL_TEXEL_HALF:
      return {encode_half(t, v.r, 0), encode_half(t, v.g, 1), encode_half(t, v.b, 2),
              encode_half(t, v.a, 3)};
    case ANVIL_TEXEL_SHARED_EXPONENT:
      return encode_shared_exponent(v);
    default:
      return {__builtin_bit_cast(uint, v.r), __builtin_bit_cast(uint, v.g),
              __builtin_bit_cast(uint, v.b), __builtin_bit_cast(uint, v.a)};
  }
}

/// An integer out of a channel's range becomes the nearest in it.
template <class N>
ANVIL_FN uint encode_integer(const AnvilTexture* t, N v, int channel) {
  const uint mask = channel_mask(t, channel);
  if constexpr (is_signed_v<N>)
    return uint(op_clamp{}(v, -int(mask >> 1) - 1, int(mask >> 1)));
  else
    return op_min{}(v, mask);
}

/// The place is inside.
template <class N>
ANVIL_FN void store_texel(const AnvilTexture* t, texel_place place, texel<N> v) {
  if constexpr (__is_same(N, float))
    store_bits(t, place, encode_float(t, v));
  else
    store_bits(t, place,
               {encode_integer(t, v.r, 0), encode_integer(t, v.g, 1), encode_integer(t, v.b, 2),
                encode_integer(t, v.a, 3)});
}

// Shortcuts (AnvilTexelShortcut): all lanes' vectors lie in registers as they do in memory, where
// channels one by one would have to be put together.

ANVIL_FN native<float, 4> bytes_to_unorm(native<uchar, 4> v) {
  ANVIL_EXACT
  const native<float, 4> f = __builtin_convertvector(v, native<float, 4>), most = 255.0f,
                         inverse = 1.0f / 255.0f, q = f * inverse;
  return __builtin_elementwise_fma(__builtin_elementwise_fma(-q, most, f), inverse, q);
}
ANVIL_FN native<uchar, 4> unorm_to_bytes(native<float, 4> v) {
  const native<float, 4> zero = 0.0f, one = 1.0f;
  // A NaN is 0.
  const native<float, 4> clamped =
      __builtin_elementwise_min(__builtin_elementwise_max(v, zero), one);
  return __builtin_convertvector(
      __builtin_convertvector(__builtin_elementwise_rint(clamped * 255.0f), native<int, 4>),
      native<uchar, 4>);
}

template <class T>
ANVIL_FN vec<T, 4> load_vector(const AnvilTexture* t, texel_place place) {
  const auto made = [](auto v) ANVIL_INLINE {
    return vec<T, 4>(from_native{}, __builtin_convertvector(v, native<T, 4>));
  };
  if constexpr (is_floating_point_v<T>) {
    switch (t->shortcut) {
      case ANVIL_SHORTCUT_RGBA8_UNORM:
        return made(bytes_to_unorm(__builtin_bit_cast(native<uchar, 4>, *texel_at<uint>(place))));
      case ANVIL_SHORTCUT_BGRA8_UNORM:
        return made(
            bytes_to_unorm(__builtin_bit_cast(native<uchar, 4>, *texel_at<uint>(place)).zyxw));
      case ANVIL_SHORTCUT_RGBA16_FLOAT:
        return made(*texel_at<native<half, 4>>(place));
      case ANVIL_SHORTCUT_RGBA32_FLOAT:
        return made(words_of<float>(place));
    }
  }
  return as_vector<T>(load_texel<texel_number<T>>(t, place));
}

template <class T>
ANVIL_FN void store_vector(const AnvilTexture* t, texel_place place, vec<T, 4> value) {
  if constexpr (is_floating_point_v<T>) {
    const auto v = __builtin_convertvector(value.lanes(), native<float, 4>);
    switch (t->shortcut) {
      case ANVIL_SHORTCUT_RGBA8_UNORM:
        *texel_at<native<uchar, 4>>(place) = unorm_to_bytes(v);
        return;
      case ANVIL_SHORTCUT_BGRA8_UNORM:
        *texel_at<native<uchar, 4>>(place) = unorm_to_bytes(v).zyxw;
        return;
      case ANVIL_SHORTCUT_RGBA16_FLOAT:
        *texel_at<native<half, 4>>(place) = __builtin_convertvector(v, native<half, 4>);
        return;
      case ANVIL_SHORTCUT_RGBA32_FLOAT:
        *texel_at<native<float, 4>>(place) = v;
        return;
    }
  }
  store_texel(t, place, as_texel<T>(value));
}

// What is read outside of a texture is zero, and what is written there is dropped.
template <class T>
ANVIL_FN vec<T, 4> read_texel(const AnvilTexture* t, uint x, uint y, uint z, uint lod) {
  const texel_place place = place_of(t, x, y, z, lod);
  vec<T, 4> v = T(0);
  if (place.inside) v = load_vector<T>(t, place);
  return v;
}
template <class T>
ANVIL_FN void write_texel(const AnvilTexture* t, vec<T, 4> value, uint x, uint y, uint z,
                          uint lod) {
  const texel_place place = place_of(t, x, y, z, lod);
  if (place.inside) store_vector(t, place, value);
}

}  // namespace metal::detail
