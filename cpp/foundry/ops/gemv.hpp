// Gemv: y = W x for one token or a few, with fused prologue and epilogues.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

struct Gemv {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;
  std::optional<Stage> prologue;
  std::vector<Stage> epilogues;
  std::uint32_t rows_per_simdgroup = 0;
  std::uint32_t simdgroups = 0;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;

  static constexpr auto description = operation(
      "y = W x for up to 8 tokens, each as if alone, accumulated in f32.",
      read<&Gemv::weights>(Elements::weights, "(rows, columns)"),
      read<&Gemv::x>(Elements::floats, "(columns,) or (tokens, columns)").to_run(),
      write<&Gemv::y>(Elements::floats, "(rows,) or (tokens, rows)").to_run(), ByName{},
      setting<&Gemv::prologue>("what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm"),
      setting<&Gemv::epilogues>(
          "what is done to a result before it is stored: one stage, or several in order")
          .as("epilogue"),
      setting<&Gemv::rows_per_simdgroup>("1 to 8; 0 lets the device choose"),
      setting<&Gemv::simdgroups>("of a threadgroup, 1 to 32; 0 lets the device choose"));

 private:
  [[nodiscard]] LentFusedKernel lent() const;
};

}  // namespace foundry::ops
