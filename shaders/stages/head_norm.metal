// Head stage: RMSNorm of every head by itself, as Qwen 3 and Gemma 3 have it for queries and keys.
// The weight is null where there is none (Gemma 4's values).
#pragma once
#include "lib/non_finite.metal"
#include "stages/rope.metal"

template <class T>
struct HeadNorm {
  device const T* weight;
  float epsilon;

  /// `values` is a whole head; every lane of the simdgroup gets the scale.
  float scale(threadgroup const float* values, uint head_dim, uint lane) const {
    float sum = 0.0f;
    for (uint d = lane; d < head_dim; d += 32) sum += values[d] * values[d];
    return inverse_root_mean(simd_sum(sum) / float(head_dim), epsilon);
  }

  float2 apply(float2 pair, RopePair at, float scale) const {
    if (weight == nullptr) return pair * scale;
    return pair * scale * float2(float(weight[at.first]), float(weight[at.second]));
  }
};
