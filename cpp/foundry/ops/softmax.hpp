// Softmax: y = exp(scale x + mask) / sum of the same, row by row.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/softmax.metal.
struct SoftmaxParams {
  std::uint32_t rows;
  std::uint32_t columns;
  std::uint32_t mask_stride;  ///< elements between the masks of two rows; 0: one for all
  float scale;
};

/// x, y: (columns,) or (..., columns), plain float types; y may be x. mask, which may be left out:
/// (columns,), or as many elements as x, a plain float type, added after the scale; -inf hides an
/// element. In f32; nothing overflows, however large the input. A row of -inf alone gives zeros,
/// NaN anywhere in a row makes it NaN. ArgumentError, DTypeError and ShapeError name what does not
/// fit.
struct Softmax {
  AnyTensor x;
  AnyTensor y;
  AnyTensor mask = {};
  float scale = 1.0f;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
