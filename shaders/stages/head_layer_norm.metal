// Head stage: LayerNorm of every head by itself, with weights of its own for each head, as Command R+
// has it for queries and keys.
#pragma once
#include "lib/non_finite.metal"
#include "stages/rope.metal"

template <class T>
struct HeadLayerNorm {
  device const T* weight;
  float epsilon;

  /// One over the deviation of a whole head, and the mean.
  float2 scale(threadgroup const float* values, uint head_dim, uint lane) const {
    FOUNDRY_AS_WRITTEN
    float sum = 0.0f;
    for (uint d = lane; d < head_dim; d += 32) sum += values[d];
    const float mean = simd_sum(sum) / float(head_dim);
    float squares = 0.0f;
    for (uint d = lane; d < head_dim; d += 32) squares += (values[d] - mean) * (values[d] - mean);
    return float2(inverse_root_mean(simd_sum(squares) / float(head_dim), epsilon), mean);
  }

  /// `at`: rows of the product.
  float2 apply(float2 pair, RopePair at, float2 scale) const {
    FOUNDRY_AS_WRITTEN
    return (pair - scale.y) * scale.x *
           float2(element_or(weight, at.first, 1.0f), element_or(weight, at.second, 1.0f));
  }
};

template <class T>
inline RopePair normed_elements(HeadLayerNorm<T>, RopePair at, uint first_row) {
  return RopePair{first_row + at.first, first_row + at.second};
}
