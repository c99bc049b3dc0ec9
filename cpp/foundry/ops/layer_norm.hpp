// LayerNorm: y = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias, by itself or as a
// fused kernel's prologue.
#pragma once

#include "foundry/fusion/stage.hpp"
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
  AnyTensor weight = {};
  AnyTensor bias = {};
  float epsilon = 1e-5f;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator Stage() const;

  static constexpr auto description = operation(
      "y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, in f32; the variance "
      "is the biased one. As a prologue only weight, bias and epsilon count. Ba, Kiros & Hinton "
      "2016.",
      read<&LayerNorm::x>(Elements::floats, "(columns,) or (..., columns)").to_run(),
      write<&LayerNorm::y>(Elements::floats, "x's size").to_run().may_be<&LayerNorm::x>(),
      optional_read<&LayerNorm::weight>(Elements::floats, "(columns,)"),
      optional_read<&LayerNorm::bias>(Elements::floats, "(columns,)"),
      setting<&LayerNorm::epsilon>("added to the variance"));
};

}  // namespace foundry::ops
