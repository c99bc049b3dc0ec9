// Softmax: y = exp(scale x + mask) / sum of the same, row by row.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/softmax.metal.
struct SoftmaxParams {
  std::uint32_t rows;
  std::uint32_t columns;
  std::uint32_t mask_stride;  ///< elements between the masks of two rows; 0: one for all
  float scale;
};

struct Softmax {
  AnyTensor x;
  AnyTensor y;
  AnyTensor mask = {};
  float scale = 1.0f;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = exp(scale x + mask) / sum of the same, row by row, in f32; nothing overflows, however "
      "large the input. A row of -inf alone gives zeros, NaN anywhere in a row makes it NaN.",
      read<&Softmax::x>(Elements::floats, "(columns,) or (..., columns)"),
      write<&Softmax::y>(Elements::floats, "x's size").may_be<&Softmax::x, &Softmax::mask>(),
      optional_read<&Softmax::mask>(
          Elements::floats, "(columns,) or x's size, added after the scale; -inf hides an element"),
      setting<&Softmax::scale>("of x"));
};

}  // namespace foundry::ops
