// GemvColumns: y = W^T x, a product down the columns of a row-major matrix.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with the shaders of GemvColumns, GemvTiled and TileWeights.
struct MatrixParams {
  std::uint32_t rows;
  std::uint32_t columns;
};

struct GemvColumns {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = W^T x: a product down the columns of a row-major matrix, in f32. The same bytes as a "
      "column-major (columns, rows) matrix, whose product this is.",
      read<&GemvColumns::weights>(Elements::weights, "(rows, columns)"),
      read<&GemvColumns::x>(Elements::floats, "(rows,)"),
      write<&GemvColumns::y>(Elements::floats, "(columns,)"));
};

}  // namespace foundry::ops
