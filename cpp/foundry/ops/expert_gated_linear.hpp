// ExpertGatedLinear: the input half of a mixture of gated MLPs, for the experts chosen.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel.hpp"
#include "foundry/ops/activations.hpp"
#include "foundry/ops/description.hpp"
#include "foundry/ops/gemm.hpp"

namespace foundry::ops {

struct ExpertGatedLinear {
  AnyTensor gate;
  AnyTensor up;
  AnyTensor ids;
  AnyTensor x;
  AnyTensor y;
  AnyTensor groups = {};
  std::optional<Stage> prologue;
  Stage activation = Silu();
  AnyTensor gate_bias = {};
  AnyTensor up_bias = {};
  std::vector<Stage> epilogues;
  LinearForm form = LinearForm::automatic;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = activation(x G^T) * (x U^T) with the weights of each expert that a token has chosen, in "
      "one kernel; other experts' weights are not read. gate and up may be slices of one tensor. "
      "An id that is no expert gives a row of NaN.",
      read<&ExpertGatedLinear::gate>(Elements::weights, "(experts, rows, columns)"),
      read<&ExpertGatedLinear::up>(Elements::weights, "(experts, rows, columns)"),
      read<&ExpertGatedLinear::ids>(Elements::index, "(used,) or (tokens, used)"),
      read<&ExpertGatedLinear::x>(Elements::floats, "(columns,) or (tokens, columns)"),
      write<&ExpertGatedLinear::y>(Elements::floats, "(tokens * used, rows), in the order of ids"),
      ByName{},
      optional_read<&ExpertGatedLinear::groups>(
          Elements::any,
          "u32, by GroupExperts of ids: an expert's tokens are taken together; "
          "without, each by itself, which is for few tokens"),
      setting<&ExpertGatedLinear::prologue>("what is done to x as it is read: RmsNorm"),
      setting<&ExpertGatedLinear::activation>(
          "an epilogue without a tensor, or a gating; Silu, if left out"),
      optional_read<&ExpertGatedLinear::gate_bias>(Elements::floats, "(experts, rows)"),
      optional_read<&ExpertGatedLinear::up_bias>(Elements::floats, "(experts, rows)"),
      setting<&ExpertGatedLinear::epilogues>(
          "what is done to a result before it is stored: one stage, or several in order")
          .as("epilogue"),
      setting<&ExpertGatedLinear::form>(
          "with groups; gemm lets the device choose between gemm_lanes and "
          "gemm_matrices"));
};

}  // namespace foundry::ops
