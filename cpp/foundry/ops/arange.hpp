// Arange: evenly spaced numbers.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"
#include "foundry/ops/number.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/arange.metal.
struct ArangeParams {
  std::uint32_t count;
  float start;  ///< for float types
  float step;
  std::uint64_t integer_start;  ///< for the others, modulo 2^64
  std::uint64_t integer_step;
};

struct Arange {
  AnyTensor y;
  Number start = 0.0;
  Number step = 1.0;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y[i] = start + i * step. Float types compute in f32: start, step and i (from 2^24 on) are "
      "rounded to it, then the result, once. Integer types compute exactly: start and step are "
      "whole numbers, start and all results in the type's range, else ArgumentError with value, "
      "dtype and range.",
      write<&Arange::y>(Elements::plain, "any shape, no gaps, below 2^32 elements; not bool"),
      setting<&Arange::start>("the first number"), setting<&Arange::step>("from one to the next"));
};

}  // namespace foundry::ops
