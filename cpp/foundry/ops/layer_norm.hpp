// LayerNorm: y = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias, row by row.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/layer_norm.metal.
struct LayerNormParams {
  std::uint32_t rows;
  std::uint32_t columns;
  float epsilon;
};

/// x, y: (columns,) or (..., columns); weight, and bias, which may be left out: (columns,); plain
/// float types. The variance is the biased one; in f32. y may be x. Ba, Kiros & Hinton 2016.
/// ArgumentError, DTypeError and ShapeError name what is missing or does not fit.
struct LayerNorm {
  AnyTensor x;
  AnyTensor y;
  AnyTensor weight;
  AnyTensor bias = {};
  float epsilon = 1e-5f;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
