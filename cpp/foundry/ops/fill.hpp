// Fill: one value everywhere.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"
#include "foundry/ops/number.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/fill.metal.
struct FillParams {
  std::uint32_t count;
  std::uint64_t bits;  ///< of an element, in the low bytes
};

struct Fill {
  AnyTensor y;
  Number value = 0.0;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = value everywhere. A float type rounds a number of its range to nearest, once. An "
      "integer type takes a whole number of its range, exactly, bool 0 or 1; else ArgumentError "
      "with value, dtype and range.",
      write<&Fill::y>(Elements::plain, "any shape, no gaps, below 2^32 elements"),
      setting<&Fill::value>("any number"));
};

}  // namespace foundry::ops
