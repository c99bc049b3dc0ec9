// Fills a tensor with random numbers, four from every counter: number i is made of word
// (i / 32) % 4 of counter (i / 128) * 32 + i % 32, so that a simdgroup's lanes store next to each
// other. RandomParams is generated from the host's struct (ops/random.hpp).
#pragma once
#include "lib/elementwise.metal"
#include "lib/random.metal"

/// `numbers` turns four random words into four numbers.
template <class Y, class Numbers>
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
      if (i < params.count) y[i] = Y(made[j]);
    }
  }
}
