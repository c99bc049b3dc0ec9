// GemvTiled: y = W x with W in tiles of 32 rows, and TileWeights, which lays it out so.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"
#include "foundry/ops/gemv_columns.hpp"

namespace foundry::ops {

inline constexpr std::uint32_t kTileRows = 32;  ///< lanes of a simdgroup

// The tiled layout of a (rows, columns) matrix is a (ceil(rows / 32), columns, 32) tensor: element
// (row, column) is at [row / 32, column, row % 32], zeros fill the last tile. It helps because a
// lane is a row: a simdgroup reads one run of memory from end to end, the input is one broadcast
// value, and no sum crosses lanes, where a row-major product reads many rows side by side and ends
// each with a reduction. That pays most for short rows.

struct TileWeights {
  AnyTensor weights;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "A matrix in the layout of GemvTiled; quantised weights are decoded. ShapeError with both "
      "shapes.",
      read<&TileWeights::weights>(Elements::weights, "(rows, columns)"),
      write<&TileWeights::y>(Elements::floats, "(ceil(rows / 32), columns, 32)"));
};

struct GemvTiled {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = W x with W in tiles of 32 rows, as TileWeights makes them: no sum crosses lanes. In "
      "f32. ShapeError with the shapes.",
      read<&GemvTiled::weights>(Elements::floats, "(tiles, columns, 32)"),
      read<&GemvTiled::x>(Elements::floats, "(columns,)"),
      write<&GemvTiled::y>(Elements::floats, "(rows,), within the last tile"));
};

}  // namespace foundry::ops
