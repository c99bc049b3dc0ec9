// Rotary position embedding (Su et al., "RoFormer", 2021), one pair of elements.
//
// The first `dims` elements of a head are turned. Pair i of them is elements (2i, 2i + 1) when
// interleaved, as GGUF's Llama tensors have it, and (i, i + dims / 2) otherwise ("NeoX"). Its angle
// is position * base^(-2i / dims), divided by the pair's own factor where the model has one (Llama 3).
// Pairs from dims / 2 on are what is left of the head; nobody turns them.
#pragma once
#include "lib/common.metal"

struct RopePair {
  uint first;
  uint second;
};

inline RopePair rope_pair(uint i, uint head_dim, uint dims, bool interleaved) {
  if (interleaved) return RopePair{2 * i, 2 * i + 1};
  if (i < dims / 2) return RopePair{i, i + dims / 2};
  return RopePair{i + dims / 2, i + head_dim / 2};
}

/// cos and sin of pair i's angle. Precise: at position 8,000 the angle is far outside of what fast
/// trigonometry is good for.
inline float2 rope_angle(uint i, uint dims, float position, float log2_base, float factor) {
  FOUNDRY_AS_WRITTEN
  const float frequency = precise::exp2(-log2_base * float(2 * i) / float(dims)) / factor;
  const float angle = position * frequency;
  return float2(precise::cos(angle), precise::sin(angle));
}

inline float2 rope_rotate(float2 pair, float2 angle) {
  FOUNDRY_AS_WRITTEN
  return float2(pair.x * angle.x - pair.y * angle.y, pair.x * angle.y + pair.y * angle.x);
}

/// Head stage: turns pair i of a head by its position.
template <class T>
struct Rope {
  device const T* factors;
  float log2_base;
  float magnitude = 1.0f;

  float2 apply(float2 pair, uint i, uint dims, uint position) const {
    const float factor = element_or(factors, i, 1.0f);
    return rope_rotate(pair, magnitude * rope_angle(i, dims, float(position), log2_base, factor));
  }
};
