// Sampling: texels around a coordinate, and their mean (specification 6.12; coordinates, filters
// and levels as the OpenGL specification 4.6, 8.14, has them, which Metal's leaves to it).
#pragma once

#include "sampler.h"
#include "texel.h"

namespace metal::detail {

/// What a sample is taken of, and how: the same for its texels.
struct sample_request {
  const AnvilTexture* texture;
  sampler state;
  float coordinate[3];  ///< s, t, r; a cube's direction
  int offset[3];
  uint slice;  ///< of an array, or cube
  float lod;
};

/// A coordinate among the texels of one axis: the first of those that are taken, and the weight of
/// the second.
struct axis_place {
  ANVIL_FN axis_place() : first(0), weight(0) {}
  ANVIL_FN axis_place(int first, float weight) : first(first), weight(weight) {}
  ANVIL_FN axis_place(const axis_place& o) : first(o.first), weight(o.weight) {}
  ANVIL_FN axis_place& operator=(const axis_place& o) {
    first = o.first, weight = o.weight;
    return *this;
  }
  int first;
  float weight;
};

ANVIL_FN axis_place place_on_axis(float c, int size, uint address, bool pixel, bool linear,
                                  int offset) {
  ANVIL_EXACT
  const float extent = float(size);
  float u = c;
  if (!pixel) {
    // What repeats is brought near the texture first, while its fraction is exact.
    if (address == ANVIL_ADDRESS_REPEAT) u = c - __builtin_elementwise_floor(c);
    if (address == ANVIL_ADDRESS_MIRRORED_REPEAT)
      u = c - 2.0f * __builtin_elementwise_floor(c * 0.5f);
    u = u * extent;
  }
  if (linear) u = u - 0.5f;
  // Farther out all is alike; NaN becomes some number.
  u = op_clamp{}(u, -16.0f, 2.0f * extent + 16.0f);
  const float first = __builtin_elementwise_floor(u);
  return {int(first) + offset, linear ? u - first : 0.0f};
}

ANVIL_FN int modulo(int i, int size) {
  ANVIL_EXACT
  const int quotient = int(__builtin_elementwise_floor(float(i) / float(size)));
  i -= quotient * size;
  i += i < 0 ? size : 0;
  return i - (i >= size ? size : 0);
}

/// The texel that the address mode makes of one outside; -1: the border.
ANVIL_FN int addressed(int i, int size, uint address) {
  switch (address) {
    case ANVIL_ADDRESS_MIRROR_CLAMP_TO_EDGE:
      return op_min{}(i < 0 ? -1 - i : i, size - 1);
    case ANVIL_ADDRESS_REPEAT:
      return modulo(i, size);
    case ANVIL_ADDRESS_MIRRORED_REPEAT: {
      const int twice = modulo(i, 2 * size);
      return twice >= size ? 2 * size - 1 - twice : twice;
    }
    case ANVIL_ADDRESS_CLAMP_TO_ZERO:
    case ANVIL_ADDRESS_CLAMP_TO_BORDER:
      return uint(i) < uint(size) ? i : -1;
    default:
      return op_clamp{}(i, 0, size - 1);
  }
}

/// Of clamp_to_zero, and of the sampler's border: a format without alpha is opaque.
template <class N>
ANVIL_FN texel<N> border_of(const sample_request& q) {
  const uint color = sampler_field(q.state, ANVIL_SAMPLER_BORDER);
  const bool zero =
      sampler_field(q.state, ANVIL_SAMPLER_ADDRESS_S) == ANVIL_ADDRESS_CLAMP_TO_ZERO ||
      sampler_field(q.state, ANVIL_SAMPLER_ADDRESS_T) == ANVIL_ADDRESS_CLAMP_TO_ZERO ||
      sampler_field(q.state, ANVIL_SAMPLER_ADDRESS_R) == ANVIL_ADDRESS_CLAMP_TO_ZERO;
  const N rgb = !zero && color == ANVIL_BORDER_OPAQUE_WHITE ? N(1) : N(0);
  const bool opaque = zero ? q.texture->bits[3] == 0 : color != ANVIL_BORDER_TRANSPARENT_BLACK;
  return {rgb, rgb, rgb, opaque ? N(1) : N(0)};
}

/// A face and the coordinates on it, from -1 to 1, that a direction meets (the OpenGL
/// specification, table 8.19).
struct cube_place {
  ANVIL_FN cube_place(uint face, float s, float t) : face(face), s(s), t(t) {}
  ANVIL_FN cube_place(const cube_place& o) : face(o.face), s(o.s), t(o.t) {}
  uint face;
  float s, t;
};
ANVIL_FN cube_place place_on_cube(float x, float y, float z) {
  ANVIL_EXACT
  const float ax = __builtin_fabsf(x), ay = __builtin_fabsf(y), az = __builtin_fabsf(z);
  const bool is_x = ax >= ay && ax >= az, is_y = !is_x && ay >= az;
  const float most = is_x ? ax : is_y ? ay : az;
  const float s = is_x ? (x < 0.0f ? z : -z) : is_y ? x : (z < 0.0f ? -x : x);
  const float t = is_y ? (y < 0.0f ? -z : z) : -y;
  const uint face = is_x ? (x < 0.0f ? 1 : 0) : is_y ? (y < 0.0f ? 3 : 2) : (z < 0.0f ? 5 : 4);
  return {face, s / most, t / most};
}

/// A texel beyond a face's edge is the neighbouring face's that lies there.
ANVIL_FN void across_edge(uint& face, int& x, int& y, int size) {
  ANVIL_EXACT
  if (uint(x) < uint(size) && uint(y) < uint(size)) return;
  const float s = (2.0f * float(x) + 1.0f) / float(size) - 1.0f,
              t = (2.0f * float(y) + 1.0f) / float(size) - 1.0f;
  const float side = face & 1 ? -1.0f : 1.0f;
  const cube_place p = face < 2   ? place_on_cube(side, -t, -s * side)
                       : face < 4 ? place_on_cube(s, side, t * side)
                                  : place_on_cube(s * side, -t, side);
  face = p.face;
  const auto nearest = [&](float c) ANVIL_INLINE {
    return op_clamp{}(int(__builtin_elementwise_floor((c + 1.0f) * 0.5f * float(size))), 0,
                      size - 1);
  };
  x = nearest(p.s);
  y = nearest(p.t);
}

/// The texels that a sample takes of one level: two along each axis where it is linear.
template <int D, bool Cube>
struct footprint {
  axis_place axes[3];
  int sizes[3];
  uint level, face;
  bool linear;
};

template <int D, bool Cube>
ANVIL_FN footprint<D, Cube> footprint_of(const sample_request& q, int level, bool linear) {
  footprint<D, Cube> f{};
  f.level = uint(level);
  f.linear = linear;
  const AnvilTextureLevel& its = q.texture->level[level];
  f.sizes[0] = int(its.width), f.sizes[1] = int(its.height), f.sizes[2] = int(its.depth);
  float c[3] = {q.coordinate[0], q.coordinate[1], q.coordinate[2]};
  uint modes[3] = {sampler_field(q.state, ANVIL_SAMPLER_ADDRESS_S),
                   sampler_field(q.state, ANVIL_SAMPLER_ADDRESS_T),
                   sampler_field(q.state, ANVIL_SAMPLER_ADDRESS_R)};
  bool pixel = sampler_field(q.state, ANVIL_SAMPLER_PIXEL_COORDINATES);
  if constexpr (Cube) {
    const cube_place p = place_on_cube(c[0], c[1], c[2]);
    f.face = p.face;
    c[0] = p.s * 0.5f + 0.5f;
    c[1] = p.t * 0.5f + 0.5f;
    modes[0] = modes[1] = ANVIL_ADDRESS_CLAMP_TO_EDGE;
    pixel = false;
  }
  for (int i = 0; i < D; ++i)
    f.axes[i] = place_on_axis(c[i], f.sizes[i], modes[i], pixel, linear, q.offset[i]);
  return f;
}

/// A tap is which texel of the footprint: a bit an axis.
template <class N, int D, bool Cube>
ANVIL_FN texel<N> texel_of(const sample_request& q, const footprint<D, Cube>& f, uint tap) {
  int at[3] = {0, 0, 0};
  for (int i = 0; i < D; ++i) at[i] = f.axes[i].first + int(tap >> i & 1);
  uint slice = q.slice;
  bool outside = false;
  if constexpr (Cube) {
    uint face = f.face;
    across_edge(face, at[0], at[1], f.sizes[0]);
    slice = slice * 6 + face;
  } else {
    const uint modes[3] = {sampler_field(q.state, ANVIL_SAMPLER_ADDRESS_S),
                           sampler_field(q.state, ANVIL_SAMPLER_ADDRESS_T),
                           sampler_field(q.state, ANVIL_SAMPLER_ADDRESS_R)};
    for (int i = 0; i < D; ++i) at[i] = addressed(at[i], f.sizes[i], modes[i]);
    outside = (at[0] | at[1] | at[2]) < 0;
  }
  texel<N> v = border_of<N>(q);
  const uint z = D == 3 ? uint(at[2]) : slice;
  const texel_place place = place_of(q.texture, uint(at[0]), uint(at[1]), z, f.level);
  if (q.texture->levels == 0) v = texel<N>(0, 0, 0, 0);
  if (!outside && place.inside) v = load_texel<N>(q.texture, place);
  return v;
}

template <int D, bool Cube>
ANVIL_FN float weight_of(const footprint<D, Cube>& f, uint tap) {
  float weight = 1.0f;
  for (int i = 0; i < D; ++i) weight *= tap >> i & 1 ? f.axes[i].weight : 1.0f - f.axes[i].weight;
  return weight;
}

ANVIL_FN bool compares(uint function, float reference, float v) {
  switch (function) {
    case ANVIL_COMPARE_LESS:
      return reference < v;
    case ANVIL_COMPARE_EQUAL:
      return reference == v;
    case ANVIL_COMPARE_LESS_EQUAL:
      return reference <= v;
    case ANVIL_COMPARE_GREATER:
      return reference > v;
    case ANVIL_COMPARE_NOT_EQUAL:
      return reference != v;
    case ANVIL_COMPARE_GREATER_EQUAL:
      return reference >= v;
    case ANVIL_COMPARE_ALWAYS:
      return true;
    default:
      return false;
  }
}

/// What is taken of each texel before the mean.
struct take_texel {
  template <class N>
  ANVIL_FN texel<N> operator()(const sample_request&, texel<N> v) const {
    return v;
  }
};
struct take_comparison {
  float reference;
  ANVIL_FN texel<float> operator()(const sample_request& q, texel<float> v) const {
    const uint function = sampler_field(q.state, ANVIL_SAMPLER_COMPARE);
    const float passes = compares(function, reference, v.r) ? 1.0f : 0.0f;
    return {passes, passes, passes, passes};
  }
};

// A texel of weight 0 counts for nothing, whatever it is.
ANVIL_FN void add_weighted(texel<float>& sum, texel<float> v, float weight) {
  sum.r += weight == 0.0f ? 0.0f : weight * v.r;
  sum.g += weight == 0.0f ? 0.0f : weight * v.g;
  sum.b += weight == 0.0f ? 0.0f : weight * v.b;
  sum.a += weight == 0.0f ? 0.0f : weight * v.a;
}

template <class N, int D, bool Cube, class Take>
ANVIL_FN texel<N> sample_level(const sample_request& q, int level, bool linear, Take take) {
  if constexpr (!__is_same(N, float)) {
    return texel_of<N>(q, footprint_of<D, Cube>(q, level, false), 0);
  } else {
    const footprint<D, Cube> f = footprint_of<D, Cube>(q, level, linear);
    texel<float> sum(0, 0, 0, 0);
    const uint taps = linear ? 1u << D : 1u;
    // Once in the code: a texel is a page of it.
#pragma clang loop unroll(disable)
    for (uint tap = 0; tap < taps; ++tap)
      add_weighted(sum, take(q, texel_of<float>(q, f, tap)), weight_of(f, tap));
    return sum;
  }
}

ANVIL_FN float clamped_lod(sampler s, float lod) {
  const auto half_of = [&](uint bits)
                           ANVIL_INLINE { return float(__builtin_bit_cast(half, ushort(bits))); };
  return op_clamp{}(lod, half_of(sampler_field(s, ANVIL_SAMPLER_LOD_MIN)),
                    half_of(sampler_field(s, ANVIL_SAMPLER_LOD_MAX) ^ 0x7c00));
}

template <class N, int D, bool Cube, class Take = take_texel>
ANVIL_FN texel<N> sampled(const sample_request& q, Take take = {}) {
  const float lod = clamped_lod(q.state, q.lod);
  const bool mag = sampler_field(q.state, ANVIL_SAMPLER_MAG_LINEAR),
             min = sampler_field(q.state, ANVIL_SAMPLER_MIN_LINEAR);
  const bool linear = lod > 0.0f ? min : mag;
  const uint mip = sampler_field(q.state, ANVIL_SAMPLER_MIP);
  if (mip == 0) return sample_level<N, D, Cube>(q, 0, linear, take);

  const int last = op_max{}(int(q.texture->levels) - 1, 0);
  const float bounded = op_clamp{}(lod, 0.0f, float(last));
  if (mip == 1 || !__is_same(N, float))
    return sample_level<N, D, Cube>(q, int(__builtin_elementwise_floor(bounded + 0.5f)), linear,
                                    take);
  if constexpr (__is_same(N, float)) {
    const int lower = int(bounded);
    const float between = bounded - float(lower);
    texel<float> sum(0, 0, 0, 0);
    const int levels = between > 0.0f ? 2 : 1;
#pragma clang loop unroll(disable)
    for (int i = 0; i < levels; ++i)
      add_weighted(sum, sample_level<float, D, Cube>(q, op_min{}(lower + i, last), linear, take),
                   i == 0 ? 1.0f - between : between);
    return sum;
  } else {
    return texel<N>(0, 0, 0, 0);
  }
}

/// A channel of the four texels that a linear filter takes of level 0, counterclockwise from the
/// one at the lower left.
template <class N, bool Cube, class Take = take_texel>
ANVIL_FN texel<N> gathered(const sample_request& q, uint channel, Take take = {}) {
  const footprint<2, Cube> f = footprint_of<2, Cube>(q, 0, true);
  texel<N> result(0, 0, 0, 0);
#pragma clang loop unroll(disable)
  for (uint i = 0; i < 4; ++i) {
    const uint tap = uint(i == 1 || i == 2) | (i < 2 ? 2u : 0u);
    const texel<N> v = take(q, texel_of<N>(q, f, tap));
    const N one = channel == 0 ? v.r : channel == 1 ? v.g : channel == 2 ? v.b : v.a;
    result.r = i == 0 ? one : result.r;
    result.g = i == 1 ? one : result.g;
    result.b = i == 2 ? one : result.b;
    result.a = i == 3 ? one : result.a;
  }
  return result;
}

}  // namespace metal::detail
