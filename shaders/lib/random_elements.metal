// Fills a tensor with random numbers, four from every counter: number i is made of word
// (i / 32) % 4 of counter (i / 128) * 32 + i % 32, so that a simdgroup's lanes store next to each
// other. RandomParams is generated from the host's struct (ops/random.hpp).
#pragma once
#include "lib/elementwise.metal"
#include "lib/random.metal"

/// `value` as an element, rounded to nearest.
struct RoundedToNearest {
  template <class Y>
  static void store(device Y* y, float value, constant RandomParams&) {
    *y = Y(value);
  }
};

/// The highest element that is not above `value`: so an interval of elements gets what the interval
/// of numbers has, and rounding never reaches its end.
struct RoundedDown {
  static float rounded(float value, device float*) { return value; }
  template <class Y>
  static float rounded(float value, device Y*) {
    const Y nearest = Y(value);
    if (float(nearest) <= value) return float(nearest);
    const ushort bits = as_type<ushort>(nearest);
    if ((bits & 0x7fff) == 0) return float(as_type<Y>(ushort(0x8001)));
    return float(as_type<Y>(ushort((bits & 0x8000) != 0 ? bits + 1 : bits - 1)));
  }
  template <class Y>
  static void store(device Y* y, float value, constant RandomParams& params) {
    *y = Y(clamp(rounded(value, y), params.lowest, params.highest));
  }
};

/// `numbers` turns four random words into four numbers; Rounding stores one.
template <class Rounding, class Y, class Numbers>
inline void random_elements(device Y* y, constant RandomParams& params, uint simdgroup, uint lane,
                            Numbers numbers) {
  const uint2 key = uint2(params.seed_low, params.seed_high);
  const uint first = simdgroup * (32 * kElementRun);
#pragma unroll
  for (uint part = 0; part < kElementRun / 4; ++part) {
    const uint base = first + part * 128;
    if (base >= params.count) return;
    const uint4 counter = uint4(base / 4 + lane, 0, params.stream_low, params.stream_high);
    const float4 made = params.offset + params.scale * numbers(philox(counter, key));
#pragma unroll
    for (uint j = 0; j < 4; ++j) {
      const uint i = base + j * 32 + lane;
      if (i < params.count) Rounding::store(y + i, made[j], params);
    }
  }
}
