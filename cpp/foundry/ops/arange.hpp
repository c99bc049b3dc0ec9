// Arange: evenly spaced numbers.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/arange.metal.
struct ArangeParams {
  std::uint32_t count;
  float start;  ///< for float types
  float step;
  std::int64_t integer_start;  ///< for the others
  std::int64_t integer_step;
};

/// y[i] = start + i * step. Any plain dtype but bool; y has no gaps and below 2^32 elements. Float
/// types compute in f32 with one rounding; integer types exactly, and take whole numbers, all
/// results in the type's range, else ArgumentError with the value.
struct Arange {
  AnyTensor y;
  double start = 0.0;
  double step = 1.0;
  void encode(Encoder& encoder) const;
  Traffic traffic() const;
};

}  // namespace foundry::ops
