// Rotary position embedding (Su et al., "RoFormer", 2021), one pair of elements.
//
// Pair i of a head is elements (2i, 2i + 1) when interleaved, as GGUF's Llama tensors have it, and
// (i, i + head_dim / 2) otherwise ("NeoX"). Its angle is position * base^(-2i / head_dim), divided
// by the pair's own factor where the model has one (Llama 3).
#pragma once
#include "lib/common.metal"

struct RopePair {
  uint first;
  uint second;
};

inline RopePair rope_pair(uint i, uint head_dim, bool interleaved) {
  if (interleaved) return RopePair{2 * i, 2 * i + 1};
  return RopePair{i, i + head_dim / 2};
}

/// cos and sin of pair i's angle. Precise: at position 8,000 the angle is far outside of what fast
/// trigonometry is good for.
inline float2 rope_angle(uint i, uint head_dim, float position, float log2_base, float factor) {
  const float frequency = precise::exp2(-log2_base * float(2 * i) / float(head_dim)) / factor;
  const float angle = position * frequency;
  return float2(precise::cos(angle), precise::sin(angle));
}

inline float2 rope_rotate(float2 pair, float2 angle) {
  return float2(pair.x * angle.x - pair.y * angle.y, pair.x * angle.y + pair.y * angle.x);
}

/// Head stage: turns pair i of a head by its position. `factors` is null where there are none.
template <class T>
struct Rope {
  device const T* factors;
  float log2_base;

  float2 apply(float2 pair, uint i, uint head_dim, uint position) const {
    const float factor = factors != nullptr ? float(factors[i]) : 1.0f;
    return rope_rotate(pair, rope_angle(i, head_dim, float(position), log2_base, factor));
  }
};
