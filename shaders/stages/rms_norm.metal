// Prologue: RMSNorm of the input row (Zhang & Sennrich, "Root Mean Square Layer Normalization",
// 2019). Sums in float: activations of real models reach 24,926, whose square half cannot hold.
#pragma once
#include "lib/non_finite.metal"
#include "lib/prologue.metal"

template <class X, class Weight>
struct RmsNorm {
  device const X* x;
  device const Weight* weight;
  float epsilon;
  uint columns;

  float scale(uint token, uint lane) const {
    FOUNDRY_IN_ORDER
    device const X* row = x + token * columns;
    float sum = 0.0f;
    for (uint k = lane; k < columns; k += 32) sum += float(row[k]) * float(row[k]);
    return inverse_root_mean(simd_sum(sum) / float(columns), epsilon);
  }

  float at(uint token, uint k, float scale) const {
    FOUNDRY_AS_WRITTEN
    return float(x[token * columns + k]) * scale * element_or(weight, k, 1.0f);
  }
};
