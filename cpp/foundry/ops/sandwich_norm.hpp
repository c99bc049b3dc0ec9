// SandwichNorm: the norm after a block, the sum, and the norm before the next block, as a prologue.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

struct SandwichNorm {
  AnyTensor residual;
  AnyTensor weight;
  AnyTensor next_weight = {};
  AnyTensor y = {};
  float epsilon = 1e-5f;
  float scale = 1.0f;

  operator Stage() const;

  static constexpr auto description = operation(
      "Prologue: sum = (residual + RMSNorm(x) * weight) * scale, and the products read "
      "RMSNorm(sum) * "
      "next_weight (Gemma 2), or without next_weight the sum (OLMo 2). One threadgroup stores the "
      "sum in y, which nobody reads meanwhile: not the residual's own memory.",
      read<&SandwichNorm::residual>(Elements::floats, "x's size"),
      read<&SandwichNorm::weight>(Elements::floats, "(columns,)"),
      optional_read<&SandwichNorm::next_weight>(Elements::floats, "(columns,)"),
      optional_write<&SandwichNorm::y>(Elements::floats, "x's size"), ByName{},
      setting<&SandwichNorm::epsilon>("of both norms, added to the mean of squares"),
      setting<&SandwichNorm::scale>("of the sum (Gemma 4)"));
};

}  // namespace foundry::ops
