// GemvTiled: y = W x with W in tiles of 32 rows, and TileWeights, which lays it out so.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/gemv_columns.hpp"

namespace foundry::ops {

inline constexpr std::uint32_t kTileRows = 32;  ///< lanes of a simdgroup

// The tiled layout of a (rows, columns) matrix is a (ceil(rows / 32), columns, 32) tensor: element
// (row, column) is at [row / 32, column, row % 32], zeros fill the last tile. It helps because a
// lane is a row: a simdgroup reads one run of memory from end to end, the input is one broadcast
// value, and no sum crosses lanes, where a row-major product reads many rows side by side and ends
// each with a reduction. That pays most for short rows.

/// weights: (rows, columns), any dtype with a policy; y: (ceil(rows / 32), columns, 32), a plain
/// float type: quantised weights are decoded. ShapeError with both shapes.
struct TileWeights {
  AnyTensor weights;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

/// weights: tiled, (tiles, columns, 32); x: (columns,), y: (rows,), rows within the last tile;
/// plain float types. In f32. ShapeError with the shapes.
struct GemvTiled {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
