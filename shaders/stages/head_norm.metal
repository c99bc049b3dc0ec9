// Head stage: RMSNorm of every head by itself, as Qwen 3 and Gemma 3 have it for queries and keys.
// Gemma 4's values have it without weights.
#pragma once
#include "lib/non_finite.metal"
#include "stages/rope.metal"

template <class T>
struct HeadNorm {
  device const T* weight;
  float epsilon;

  /// `values` is a whole head; every lane of the simdgroup gets the scale.
  float scale(threadgroup const float* values, uint head_dim, uint lane) const {
    FOUNDRY_AS_WRITTEN
    float sum = 0.0f;
    for (uint d = lane; d < head_dim; d += 32) sum += values[d] * values[d];
    return inverse_root_mean(simd_sum(sum) / float(head_dim), epsilon);
  }

  float2 apply(float2 pair, RopePair at, float scale) const {
    FOUNDRY_AS_WRITTEN
    return pair * scale *
           float2(element_or(weight, at.first, 1.0f), element_or(weight, at.second, 1.0f));
  }
};
