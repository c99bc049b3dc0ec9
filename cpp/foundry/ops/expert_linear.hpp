// ExpertLinear: products with the weights of the experts chosen; a token's summed by their shares.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel.hpp"
#include "foundry/ops/description.hpp"
#include "foundry/ops/gemm.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/sum_experts.metal.
struct SumExpertsParams {
  std::uint32_t used;
  std::uint32_t rows;
};

struct ExpertLinear {
  AnyTensor weights;
  AnyTensor ids;
  AnyTensor x;
  AnyTensor y;
  AnyTensor shares = {};
  AnyTensor groups = {};
  AnyTensor scratch = {};
  AnyTensor bias = {};
  std::optional<Stage> prologue;
  std::vector<Stage> epilogues;
  LinearForm form = LinearForm::automatic;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "x W^T + bias with the weights of each expert that a token has chosen: y is the sum of a "
      "token's results, each times its share, or without shares every one. Other experts' weights "
      "are not read. An id that is no expert gives NaN.",
      read<&ExpertLinear::weights>(Elements::weights, "(experts, rows, columns)"),
      read<&ExpertLinear::ids>(Elements::index, "(used,) or (tokens, used)"),
      read<&ExpertLinear::x>(
          Elements::floats,
          "(tokens * used, columns), in the order of ids; or (tokens, columns), for all of a "
          "token's; without a prologue there may be gaps between rows"),
      write<&ExpertLinear::y>(Elements::floats,
                              "(tokens, rows) with shares; (tokens * used, rows) without, maybe "
                              "with gaps between rows"),
      ByName{}, optional_read<&ExpertLinear::shares>(Elements::any, "ids' size; f32"),
      optional_read<&ExpertLinear::groups>(
          Elements::any,
          "u32, by GroupExperts of ids: an expert's tokens are taken together; "
          "without, each by itself, which is for few tokens"),
      optional_write<&ExpertLinear::scratch>(Elements::any,
                                             "f32, tokens * used * rows elements: what shares with "
                                             "groups need, for the results before "
                                             "a second dispatch sums them"),
      optional_read<&ExpertLinear::bias>(Elements::floats, "(experts, rows)"),
      setting<&ExpertLinear::prologue>("what is done to x as it is read: RmsNorm"),
      setting<&ExpertLinear::epilogues>(
          "what is done to a result, or to a sum, before it is stored: one stage, or several in "
          "order; to a sum of groups Residual alone")
          .as("epilogue"),
      setting<&ExpertLinear::form>(
          "with groups; gemm lets the device choose between gemm_lanes and "
          "gemm_matrices"));
};

}  // namespace foundry::ops
