// Linear: y = x W^T: Gemv for a few tokens, Gemm for more.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

struct Linear {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;
  std::optional<Stage> prologue;
  std::vector<Stage> epilogues;
  AnyTensor scratch = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;

  static constexpr auto description = operation(
      "y = x W^T, accumulated in f32: Gemv for up to 8 tokens, Gemm for more.",
      read<&Linear::weights>(Elements::weights, "(rows, columns)"),
      read<&Linear::x>(Elements::floats, "(columns,) or (tokens, columns)").to_run(),
      write<&Linear::y>(Elements::floats, "(rows,) or (tokens, rows)").to_run(), ByName{},
      setting<&Linear::prologue>(
          "what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm"),
      setting<&Linear::epilogues>(
          "what is done to a result before it is stored: one stage, or several in order")
          .as("epilogue"),
      optional_write<&Linear::scratch>(
          Elements::any,
          "bf16, linear_scratch() elements: with it, many tokens run on a processor's matrix "
          "units, after a first dispatch that makes x ready for them"));

 private:
  [[nodiscard]] LentFusedKernel lent() const;
};

}  // namespace foundry::ops
