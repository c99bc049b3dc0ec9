// RmsNorm: y = x / sqrt(mean(x^2) + epsilon) * weight, by itself or as a fused kernel's prologue.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/rms_norm.metal.
struct RmsNormParams {
  std::uint32_t rows;
  std::uint32_t columns;
  float epsilon;
};

/// x, y: (columns,) or (rows, columns); weight: (columns,); plain float types. Sums in f32. As a
/// prologue only weight and epsilon count. Zhang & Sennrich 2019.
struct RmsNorm {
  AnyTensor weight;
  float epsilon = 1e-5f;
  AnyTensor x;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator Stage() const;
};

}  // namespace foundry::ops
