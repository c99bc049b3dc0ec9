// GemvColumns: y = W^T x, a product down the columns of a row-major matrix.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with the shaders of GemvColumns, GemvTiled and TileWeights.
struct MatrixParams {
  std::uint32_t rows;
  std::uint32_t columns;
};

/// weights: (rows, columns), any dtype with a policy; x: (rows,), y: (columns,), plain float types;
/// y[c] = sum over r of weights[r, c] x[r], in f32. The same bytes as a column-major (columns,
/// rows) matrix, whose product this is. ShapeError, DTypeError and ArgumentError name what does not
/// fit.
struct GemvColumns {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
