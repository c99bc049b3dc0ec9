// RmsNorm: y = x / sqrt(mean(x^2) + epsilon) * weight, by itself or as a fused kernel's prologue.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/rms_norm.metal.
struct RmsNormParams {
  std::uint32_t rows;
  std::uint32_t columns;
  std::uint32_t weight_rows;
  float epsilon;
};

struct RmsNorm {
  AnyTensor weight = {};
  float epsilon = 1e-5f;
  AnyTensor x = {};
  AnyTensor y = {};
  AnyTensor residual = {};
  AnyTensor gate = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator Stage() const;

  static constexpr auto description = operation(
      "y = x / sqrt(mean(x^2) + epsilon) * weight * silu(gate) + residual, row by row, sums in "
      "f32. "
      "As a prologue only weight and epsilon count. Zhang & Sennrich 2019.",
      optional_read<&RmsNorm::weight>(
          Elements::floats, "(columns,), or (n, columns), which every n rows have in turn"),
      setting<&RmsNorm::epsilon>("added to the mean of squares"),
      read<&RmsNorm::x>(Elements::floats, "(columns,) or (rows, columns)").to_run(),
      write<&RmsNorm::y>(Elements::floats, "x's size")
          .to_run()
          .may_be<&RmsNorm::x, &RmsNorm::residual>(),
      optional_read<&RmsNorm::residual>(Elements::floats, "x's size (OLMo 2, Gemma 2)"),
      optional_read<&RmsNorm::gate>(Elements::floats, "x's size (Qwen 3 Next)"));
};

}  // namespace foundry::ops
