// Rotates the heads of x by their tokens' positions, from x to y; x and y may be one tensor.
// A thread takes one pair of one head of one token.
#include "stages/rope.metal"

kernel void rope(FOUNDRY_ARGUMENTS) {
  const uint i = thread_position_in_grid.x;
  const uint head = thread_position_in_grid.y;
  const uint token = thread_position_in_grid.z;
  if (i >= params.head_dim / 2) return;
  const uint position = has_places ? places[2 * token] : params.start + token;
  const RopePair pair = rope_pair(i, params.head_dim, params.dims, params.interleaved != 0);
  const ulong at = (ulong(token) * params.heads + head) * params.head_dim;
  float2 values = float2(float(x[at + pair.first]), float(x[at + pair.second]));
  if (i < params.dims / 2) {
    const float factor = has_factors ? factors[i] : 1.0f;
    const float2 angle =
        rope_angle(i, params.dims, float(position), params.log2_base, factor);
    values = rope_rotate(values, params.magnitude * angle);
  }
  y[at + pair.first] = Y(values.x);
  y[at + pair.second] = Y(values.y);
}
