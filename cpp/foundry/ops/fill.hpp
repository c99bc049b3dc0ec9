// Fill: one value everywhere.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/number.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/fill.metal.
struct FillParams {
  std::uint32_t count;
  std::uint64_t bits;  ///< of an element, in the low bytes
};

/// y = value everywhere. Any plain dtype; y has no gaps and below 2^32 elements. A float type
/// rounds a number of its range to nearest, once. An integer type takes a whole number of its
/// range, exactly, bool 0 or 1. Else ArgumentError with value, dtype and range.
struct Fill {
  AnyTensor y;
  Number value = 0.0;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
