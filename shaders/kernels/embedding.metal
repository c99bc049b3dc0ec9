// Embedding: row ids[token] of the table, scaled, for every token, its position's row and the offset.
// Weights: the table's policy.
#include "lib/policy.metal"

kernel void embedding(FOUNDRY_ARGUMENTS) {
  const uint k = thread_position_in_grid.x;
  const uint token = thread_position_in_grid.y;
  if (k >= params.columns) return;
  const uint id = uint(ids[token]);
  float value = NAN;  // an id outside of the table shows, instead of reading other memory
  if (id < params.rows) {
    value = weight_at<Weights>(table + ulong(id) * (params.columns / Weights::kBlock), k);
  }
  if (scaled) value *= params.scale;
  if (has_positions) {
    const ulong position = has_places ? places[2 * token] : params.start + token;
    value += float(positions[position * params.columns + k]);
  }
  if (has_offset) value += float(offset[k]);
  y[ulong(token) * params.columns + k] = Y(value);
}
