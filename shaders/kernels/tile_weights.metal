// Lays a matrix out in tiles for gemv_tiled: y[tile, column, i] = weights[tile * 32 + i, column],
// zero beyond the last row. A simdgroup takes 32 columns of a tile.
#include "lib/policy.metal"

kernel void tile_weights(FOUNDRY_ARGUMENTS) {
  const uint lane = thread_index_in_simdgroup;
  const uint first = threadgroup_position_in_grid.x * 32;
  const uint row = threadgroup_position_in_grid.y * 32 + lane;
  device const Weights::Block* own =
      weights + ulong(min(row, params.rows - 1)) * (params.columns / Weights::kBlock);
  device Y* tile = y + ulong(threadgroup_position_in_grid.y) * params.columns * 32;
  for (uint k = first; k < min(first + 32, params.columns); ++k) {
    tile[ulong(k) * 32 + lane] = Y(row < params.rows ? weight_at<Weights>(own, k) : 0.0f);
  }
}
