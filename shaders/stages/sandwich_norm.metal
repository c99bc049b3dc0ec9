// Prologue: sum = (residual + RMSNorm(x) * weight) * factor, and of the sum RMSNorm(sum) * next_weight, or the sum
// itself where there is no next_weight. One threadgroup of the grid stores the sum, if there is a y.
#pragma once
#include "lib/non_finite.metal"
#include "lib/prologue.metal"

template <class X, class Before, class Weight, class Next, class Sum>
struct SandwichNorm {
  device const X* x;
  device const Before* residual;
  device const Weight* weight;
  device const Next* next_weight;
  device Sum* y;
  float epsilon;
  float factor;
  uint columns;

  float sum_at(uint token, uint k, float scale) const {
    FOUNDRY_AS_WRITTEN
    const uint at = token * columns + k;
    return (float(residual[at]) + float(x[at]) * scale * float(weight[k])) * factor;
  }

  /// Of the norm of x, and of that of the sum.
  float2 scale(uint token, uint lane) const {
    FOUNDRY_IN_ORDER
    device const X* row = x + token * columns;
    // Whole vectors, and what is left: no lane asks whether it is inside.
    const uint whole = columns / 32 * 32;
    const bool has_more = whole + lane < columns;
    float squares = has_more ? float(row[whole + lane]) * float(row[whole + lane]) : 0.0f;
    for (uint k = 0; k < whole; k += 32) squares += float(row[k + lane]) * float(row[k + lane]);
    const float first = inverse_root_mean(simd_sum(squares) / float(columns), epsilon);
    if (IsAbsent<Next>::value) return float2(first, 1.0f);
    const float last = has_more ? sum_at(token, whole + lane, first) : 0.0f;
    float sums = last * last;
    for (uint k = 0; k < whole; k += 32) {
      const float sum = sum_at(token, k + lane, first);
      sums += sum * sum;
    }
    return float2(first, inverse_root_mean(simd_sum(sums) / float(columns), epsilon));
  }

  float at(uint token, uint k, float2 scale) const {
    FOUNDRY_AS_WRITTEN
    const float sum = sum_at(token, k, scale.x);
    return sum * scale.y * element_or(next_weight, k, 1.0f);
  }

  void store(uint token, uint k, float2 scale) const {
    y[token * columns + k] = Sum(sum_at(token, k, scale.x));
  }
};
