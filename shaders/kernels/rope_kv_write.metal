// RoPE of queries (in place) and keys, and the write of keys and values to the cache, in one
// dispatch. Heads run over queries, then keys, then values; a thread takes one pair of elements.
#include "stages/rope.metal"

kernel void rope_kv_write(FOUNDRY_ARGUMENTS) {
  const uint i = thread_position_in_grid.x;
  const uint head = thread_position_in_grid.y;
  const uint token = thread_position_in_grid.z;
  const uint head_dim = params.head_dim;
  if (i >= head_dim / 2) return;
  const uint position = has_places ? places[2 * token] : params.start + token;
  const ulong sequence = has_places ? places[2 * token + 1] : 0;
  const ulong slot = position % params.slots;
  const RopePair pair = rope_pair(i, head_dim, params.dims, params.interleaved != 0);

  if (head >= params.heads + params.kv_heads) {
    const uint v_head = head - params.heads - params.kv_heads;
    const ulong from = (ulong(token) * params.kv_heads + v_head) * head_dim;
    const ulong to = sequence * params.v_sequence_stride + slot * params.v_position_stride +
                     ulong(v_head) * params.v_head_stride;
    v_cache[to + pair.first] = Cache(float(v[from + pair.first]));
    v_cache[to + pair.second] = Cache(float(v[from + pair.second]));
    return;
  }

  const bool turns = i < params.dims / 2;
  float2 angle = float2(0.0f, 0.0f);
  if (turns) {
    const float factor = has_factors ? factors[i] : 1.0f;
    angle = params.magnitude *
            rope_angle(i, params.dims, float(position), params.log2_base, factor);
  }
  if (head < params.heads) {
    const ulong at = ulong(token) * params.q_token_stride + ulong(head) * params.q_head_stride;
    if (!turns) return;
    const float2 turned =
        rope_rotate(float2(float(q[at + pair.first]), float(q[at + pair.second])), angle);
    q[at + pair.first] = X(turned.x);
    q[at + pair.second] = X(turned.y);
  } else {
    const uint k_head = head - params.heads;
    const ulong from = (ulong(token) * params.kv_heads + k_head) * head_dim;
    const ulong to = sequence * params.k_sequence_stride + slot * params.k_position_stride +
                     ulong(k_head) * params.k_head_stride;
    float2 values = float2(float(k[from + pair.first]), float(k[from + pair.second]));
    if (turns) values = rope_rotate(values, angle);
    k_cache[to + pair.first] = Cache(values.x);
    k_cache[to + pair.second] = Cache(values.y);
  }
}
