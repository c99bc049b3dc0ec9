// Fill: one value everywhere.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/fill.metal.
struct FillParams {
  std::uint32_t count;
  float value;           ///< for float types
  std::int64_t integer;  ///< for the others
};

/// y = value everywhere. Any plain dtype; y has no gaps and below 2^32 elements. An integer type
/// takes a whole number in its range, bool 0 or 1, else ArgumentError with the value.
struct Fill {
  AnyTensor y;
  double value = 0.0;
  void encode(Encoder& encoder) const;
  Traffic traffic() const;
};

}  // namespace foundry::ops
