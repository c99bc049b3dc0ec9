// GatedLinear: y = activation(x G^T) * (x U^T), the input half of a gated MLP, in one kernel.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/ops/activations.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

struct GatedLinear {
  AnyTensor gate;
  AnyTensor up;
  AnyTensor x;
  AnyTensor y;
  std::optional<Stage> prologue;
  Stage activation = Silu();
  std::vector<Stage> epilogues;
  AnyTensor gate_bias = {};
  AnyTensor up_bias = {};
  AnyTensor scratch = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;

  static constexpr auto description = operation(
      "y = activation(x G^T + gate_bias) * (x U^T + up_bias) in one kernel: SwiGLU with Silu, "
      "GeGLU "
      "with Gelu. Shazeer 2020.",
      read<&GatedLinear::gate>(Elements::weights, "(rows, columns)"),
      read<&GatedLinear::up>(Elements::weights, "(rows, columns)"),
      read<&GatedLinear::x>(Elements::floats, "(columns,) or (tokens, columns)").to_run(),
      write<&GatedLinear::y>(Elements::floats, "(rows,) or (tokens, rows)").to_run(), ByName{},
      setting<&GatedLinear::prologue>(
          "what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm"),
      setting<&GatedLinear::activation>(
          "an epilogue without a tensor, or a gating; Silu, if left out"),
      setting<&GatedLinear::epilogues>(
          "what is done to a result before it is stored: one stage, or several in order")
          .as("epilogue"),
      optional_read<&GatedLinear::gate_bias>(Elements::floats, "(rows,)"),
      optional_read<&GatedLinear::up_bias>(Elements::floats, "(rows,)"),
      optional_write<&GatedLinear::scratch>(
          Elements::any,
          "bf16, linear_scratch() elements: with it, many tokens run on a processor's matrix "
          "units, after a first dispatch that makes x ready for them"));

 private:
  [[nodiscard]] LentFusedKernel lent() const;
};

}  // namespace foundry::ops
