// What a sample or gather is asked for beside its coordinate (specification 6.12): level of detail
// and offset, in any order.
#pragma once

#include "math.h"
#include "sampling.h"

namespace metal {

struct bias {
  ANVIL_FN explicit constexpr bias(float value) : value(value) {}
  float value;
};
struct level {
  ANVIL_FN explicit constexpr level(float lod) : lod(lod) {}
  float lod;
};
struct min_lod_clamp {
  ANVIL_FN explicit constexpr min_lod_clamp(float lod) : lod(lod) {}
  float lod;
};
struct gradient2d {
  ANVIL_FN gradient2d(vec<float, 2> dx, vec<float, 2> dy) : dx(dx), dy(dy) {}
  vec<float, 2> dx, dy;
};
struct gradient3d {
  ANVIL_FN gradient3d(vec<float, 3> dx, vec<float, 3> dy) : dx(dx), dy(dy) {}
  vec<float, 3> dx, dy;
};
struct gradientcube {
  ANVIL_FN gradientcube(vec<float, 3> dx, vec<float, 3> dy) : dx(dx), dy(dy) {}
  vec<float, 3> dx, dy;
};
enum class component { x, y, z, w };

namespace detail {

// Each gives whether it says something of a sample of that many dimensions.
template <class O, int D, bool Cube>
inline constexpr bool is_sample_option =
    __is_same(O, bias) || __is_same(O, level) || __is_same(O, min_lod_clamp) ||
    (!Cube && D == 2 && (__is_same(O, gradient2d) || __is_same(O, vec<int, 2>))) ||
    (!Cube && D == 3 && (__is_same(O, gradient3d) || __is_same(O, vec<int, 3>))) ||
    (!Cube && D == 1 && __is_same(O, int)) || (Cube && __is_same(O, gradientcube));

// Kernels have no derivatives: without an option the level is 0.
ANVIL_FN void apply(sample_request& q, bias o) {
  q.lod += o.value;
}
ANVIL_FN void apply(sample_request& q, level o) {
  q.lod = o.lod;
}
ANVIL_FN void apply(sample_request& q, min_lod_clamp o) {
  q.lod = op_max{}(q.lod, o.lod);
}
ANVIL_FN void apply(sample_request& q, int o) {
  q.offset[0] = o;
}
ANVIL_FN void apply(sample_request& q, vec<int, 2> o) {
  q.offset[0] = o.x, q.offset[1] = o.y;
}
ANVIL_FN void apply(sample_request& q, vec<int, 3> o) {
  q.offset[0] = o.x, q.offset[1] = o.y, q.offset[2] = o.z;
}
// The logarithm of how many texels a step of either derivative goes over, the longer one.
ANVIL_FN float lod_of(float dx2, float dy2) {
  return 0.5f * metal::log2(op_max{}(dx2, dy2));
}
ANVIL_FN void apply(sample_request& q, gradient2d o) {
  const vec<float, 2> size(float(int(q.texture->level[0].width)),
                           float(int(q.texture->level[0].height)));
  const vec<float, 2> dx = o.dx * size, dy = o.dy * size;
  q.lod = lod_of(dx.x * dx.x + dx.y * dx.y, dy.x * dy.x + dy.y * dy.y);
}
ANVIL_FN void apply_gradient(sample_request& q, vec<float, 3> dx, vec<float, 3> dy) {
  q.lod = lod_of(dx.x * dx.x + dx.y * dx.y + dx.z * dx.z, dy.x * dy.x + dy.y * dy.y + dy.z * dy.z);
}
ANVIL_FN void apply(sample_request& q, gradient3d o) {
  const vec<float, 3> size(float(int(q.texture->level[0].width)),
                           float(int(q.texture->level[0].height)),
                           float(int(q.texture->level[0].depth)));
  apply_gradient(q, o.dx * size, o.dy * size);
}
// On the face that the direction meets: its coordinates change by half of the direction's, which
// its greatest component divides.
ANVIL_FN void apply(sample_request& q, gradientcube o) {
  const float most =
      op_max{}(op_max{}(__builtin_fabsf(q.coordinate[0]), __builtin_fabsf(q.coordinate[1])),
               __builtin_fabsf(q.coordinate[2]));
  const vec<float, 3> size(0.5f * float(int(q.texture->level[0].width)) / most);
  apply_gradient(q, o.dx * size, o.dy * size);
}

template <class... O>
ANVIL_FN sample_request request(const AnvilTexture* texture, sampler s, float x, float y, float z,
                                uint slice, O... options) {
  sample_request q{texture, s, {x, y, z}, {0, 0, 0}, slice, 0.0f};
  (apply(q, options), ...);
  return q;
}

}  // namespace detail
}  // namespace metal
