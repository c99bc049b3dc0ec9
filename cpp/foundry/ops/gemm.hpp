// Gemm: y = x W^T for many tokens, with fused prologue and epilogues.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

template <>
inline constexpr auto kChoices<LinearForm> = choices<LinearForm>(
    "How a product runs.",
    {{LinearForm::automatic, "automatic", "gemv for up to 8 tokens, gemm for more"},
     {LinearForm::gemv, "gemv", "up to 8 tokens, each as if alone"},
     {LinearForm::gemm, "gemm", "by lanes, tiles or matrices, whichever suits the device"},
     {LinearForm::gemm_lanes, "gemm_lanes", "a lane is a token"},
     {LinearForm::gemm_matrices, "gemm_matrices", "on simdgroup matrices"},
     {LinearForm::gemm_tiles, "gemm_tiles", "on a processor's matrix units, with scratch"}});

struct Gemm {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;
  std::optional<Stage> prologue;
  std::vector<Stage> epilogues;
  LinearForm form = LinearForm::gemm;
  AnyTensor scratch = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;

  static constexpr auto description = operation(
      "y = x W^T for many tokens, accumulated in f32.",
      read<&Gemm::weights>(Elements::weights, "(rows, columns)"),
      read<&Gemm::x>(Elements::floats, "(tokens, columns)").to_run(),
      write<&Gemm::y>(Elements::floats, "(tokens, rows)").to_run(), ByName{},
      setting<&Gemm::prologue>("what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm"),
      setting<&Gemm::epilogues>(
          "what is done to a result before it is stored: one stage, or several in order")
          .as("epilogue"),
      setting<&Gemm::form>(
          "gemm lets the device choose between gemm_lanes, gemm_tiles and gemm_matrices"),
      optional_write<&Gemm::scratch>(
          Elements::any,
          "bf16, linear_scratch() elements: with it, many tokens run on a processor's matrix "
          "units, after a first dispatch that makes x ready for them"));

 private:
  [[nodiscard]] LentFusedKernel lent() const;
};

}  // namespace foundry::ops
