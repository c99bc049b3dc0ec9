// Prologue: LayerNorm of the input row (Ba, Kiros & Hinton, "Layer Normalization", 2016). The variance
// is the mean of squared differences from the mean: the difference of two means of large numbers
// would lose it.
#pragma once
#include "lib/non_finite.metal"
#include "lib/prologue.metal"

template <class X, class Weight, class Offset>
struct LayerNorm {
  device const X* x;
  device const Weight* weight;
  device const Offset* bias;
  float epsilon;
  uint columns;

  /// One over the deviation, and the mean.
  float2 scale(uint token, uint lane) const {
    FOUNDRY_IN_ORDER
    device const X* row = x + token * columns;
    float sum = 0.0f;
    for (uint k = lane; k < columns; k += 32) sum += float(row[k]);
    const float mean = simd_sum(sum) / float(columns);
    float squares = 0.0f;
    for (uint k = lane; k < columns; k += 32) {
      const float difference = float(row[k]) - mean;
      squares += difference * difference;
    }
    return float2(inverse_root_mean(simd_sum(squares) / float(columns), epsilon), mean);
  }

  float at(uint token, uint k, float2 scale) const {
    FOUNDRY_AS_WRITTEN
    const float value = (float(x[token * columns + k]) - scale.y) * scale.x;
    return value * element_or(weight, k, 1.0f) + element_or(bias, k, 0.0f);
  }
};
