// Clamp: elements brought between two bounds.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/clamp_elements.metal.
struct ClampParams {
  std::uint32_t count;
  float low;
  float high;
};

struct Clamp {
  AnyTensor x;
  AnyTensor y;
  float low = 0.0f;
  float high = 1.0f;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = x, but low where x is below and high where it is above, in f32; NaN stays. "
      "ArgumentError unless low is at most high.",
      read<&Clamp::x>(Elements::floats, "any shape, no gaps, below 2^32 elements"),
      write<&Clamp::y>(Elements::floats, "x's size, no gaps").may_be<&Clamp::x>(), ByName{},
      setting<&Clamp::low>("the lower bound"), setting<&Clamp::high>("the upper bound"));
};

}  // namespace foundry::ops
