// LayerNorm: y = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias, row by row.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/layer_norm.metal.
struct LayerNormParams {
  std::uint32_t rows;
  std::uint32_t columns;
  float epsilon;
};

struct LayerNorm {
  AnyTensor x;
  AnyTensor y;
  AnyTensor weight;
  AnyTensor bias = {};
  float epsilon = 1e-5f;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, in f32; the variance "
      "is the biased one. Ba, Kiros & Hinton 2016.",
      read<&LayerNorm::x>(Elements::floats, "(columns,) or (..., columns)"),
      write<&LayerNorm::y>(Elements::floats, "x's size").may_be<&LayerNorm::x>(),
      read<&LayerNorm::weight>(Elements::floats, "(columns,)"),
      optional_read<&LayerNorm::bias>(Elements::floats, "(columns,)"),
      setting<&LayerNorm::epsilon>("added to the variance"));
};

}  // namespace foundry::ops
