// sRGB's curve (IEC 61966-2-1) as tables, which are exact: each float is the nearest to the number.
#pragma once

#include "pack.h"

namespace metal::detail {

// v^(1/5) by Newton's method from above, for 0 < v <= 1.
constexpr double fifth_root(double v) {
  double x = 1;
  for (int i = 0; i < 64; ++i) {
    const double next = (4 * x + v / (x * x * x * x)) / 5;
    if (next >= x) break;
    x = next;
  }
  return x;
}
// The curve from what is stored, between 0 and 1, to what light is.
constexpr double srgb_to_light(double v) {
  if (v <= 0.04045) return v / 12.92;
  const double c = (v + 0.055) / 1.055, root = fifth_root(c);
  return c * c * root * root;  // c^(12/5)
}

struct srgb_table {
  float values[256];
  constexpr float operator[](uint i) const { return values[i]; }
};
// Of all 8-bit numbers.
constexpr srgb_table make_srgb_decoded() {
  srgb_table table{};
  for (int i = 0; i < 256; ++i) table.values[i] = float(srgb_to_light(i / 255.0));
  return table;
}
// Where the nearest 8-bit number becomes i + 1.
constexpr srgb_table make_srgb_edges() {
  srgb_table table{};
  for (int i = 0; i < 255; ++i) table.values[i] = float(srgb_to_light((i + 0.5) / 255.0));
  table.values[255] = __builtin_inff();
  return table;
}
inline constexpr srgb_table srgb_decoded = make_srgb_decoded();
inline constexpr srgb_table srgb_edges = make_srgb_edges();

/// The nearest 8-bit number: what the curve gives is off by one at most, which the edges show. NaN
/// is 0.
ANVIL_FN uint encode_srgb(float light) {
  const float v = op_clamp{}(light, 0.0f, 1.0f);
  const uint near = uint(int(__builtin_elementwise_rint(255.0f * linear_to_srgb(v))));
  const uint below = near == 0 ? 0 : near - 1;
  return near + uint(v >= srgb_edges[near]) - uint(near != 0 && v < srgb_edges[below]);
}

}  // namespace metal::detail
