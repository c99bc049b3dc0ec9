// rope_kv_write.metal with norms of queries and keys, before RoPE or after it, and for caches in
// blocks. A threadgroup takes a head of queries, keys or values, or with `of_rows` all heads of one
// of them: what the norm sees at once. With `centred` the norm is LayerNorm, else RMSNorm. A thread
// takes pairs of elements. Memory has a head of each simdgroup where the cache is in blocks.
#include "lib/cache_elements.metal"
#include "lib/non_finite.metal"
#include "lib/threadgroup_reduce.metal"
#include "stages/rope.metal"

/// Neighbouring heads of one token.
struct NormedHeads {
  device const X* from;
  uint head_stride;
  uint head_dim;
  uint dims;
  bool interleaved;

  uint head(uint p) const { return p / (head_dim / 2); }
  uint pair(uint p) const { return p % (head_dim / 2); }
  RopePair elements(uint p) const { return rope_pair(pair(p), head_dim, dims, interleaved); }
  float2 values(uint p) const {
    device const X* own = from + ulong(head(p)) * head_stride;
    const RopePair at = elements(p);
    return float2(float(own[at.first]), float(own[at.second]));
  }
};

kernel void norm_rope_kv_write(FOUNDRY_ARGUMENTS) {
  threadgroup float slots[32];
  threadgroup Memory memory;
  const uint simdgroup = simdgroup_index_in_threadgroup;
  const uint simdgroups = simdgroups_per_threadgroup;
  const uint lane = thread_index_in_simdgroup;
  const uint token = threadgroup_position_in_grid.y;
  const uint position = has_places ? places[2 * token] : params.start + token;
  const ulong sequence = has_places ? places[2 * token + 1] : 0;
  const ulong slot = position % params.slots;
  const uint q_units = of_rows ? 1 : params.heads;
  const uint k_units = of_rows ? 1 : params.kv_heads;
  const uint unit = threadgroup_position_in_grid.x;
  const bool is_query = unit < q_units;
  const bool is_value = unit >= q_units + k_units;
  const uint first_head = is_query ? unit : is_value ? unit - q_units - k_units : unit - q_units;
  const uint heads = is_query ? params.heads : params.kv_heads;
  const uint token_stride = is_query ? params.q_token_stride : heads * params.head_dim;
  const uint head_stride = is_query ? params.q_head_stride : params.head_dim;
  const ulong at = ulong(token) * token_stride + ulong(first_head) * head_stride;

  const NormedHeads own = {is_query ? q + at : is_value ? v + at : k + at, head_stride,
                           params.head_dim, params.dims, params.interleaved != 0};
  const uint pairs = (of_rows ? heads : 1) * (params.head_dim / 2);
  const uint step = simdgroups * 32;
  const bool has_weight = is_query ? has_query_norm : !is_value && has_key_norm;
  const bool norms = has_weight || (is_value && norm_values);
  const bool turned_first = after_rope && !is_value;

  // Sums are whole before anything is written, and then every thread meets its own pairs only.
  float mean = 0.0f;
  float scale = 1.0f;
  for (uint pass = centred && !is_value ? 0 : 1; norms && pass < 2; ++pass) {
    float sum = 0.0f;
    for (uint p = simdgroup * 32 + lane; p < pairs; p += step) {
      float2 pair = own.values(p);
      const uint i = own.pair(p);
      if (turned_first && i < params.dims / 2) {
        const float factor = has_factors ? factors[i] : 1.0f;
        pair = rope_rotate(pair, params.magnitude * rope_angle(i, params.dims, float(position),
                                                               params.log2_base, factor));
      }
      pair -= mean;
      sum += pass == 0 ? pair.x + pair.y : dot(pair, pair);
    }
    const float whole = of_rows ? threadgroup_sum(sum, slots, simdgroups, simdgroup, lane)
                                : simd_sum(sum);
    if (pass == 0) {
      mean = whole / float(2 * pairs);
    } else {
      scale = inverse_root_mean(whole / float(2 * pairs), params.norm_epsilon);
    }
  }

  for (uint h = simdgroup; h < (of_rows ? heads : 1); h += simdgroups) {
    const uint head = first_head + h;
    const ulong in_cache =
        is_value ? sequence * params.v_sequence_stride + slot * params.v_position_stride +
                       ulong(head) * params.v_head_stride
                 : sequence * params.k_sequence_stride + slot * params.k_position_stride +
                       ulong(head) * params.k_head_stride;
    const CacheHead<Cache> cached = {(is_value ? v_cache : k_cache) + in_cache,
                                     memory.values + simdgroup * params.head_dim};
    for (uint i = lane; i < params.head_dim / 2; i += 32) {
      const uint p = h * (params.head_dim / 2) + i;
      float2 pair = own.values(p);
      const RopePair elements = own.elements(p);
      float2 angle = float2(1.0f, 0.0f);
      const bool turns = !is_value && i < params.dims / 2;
      if (turns) {
        const float factor = has_factors ? factors[i] : 1.0f;
        angle = params.magnitude *
                rope_angle(i, params.dims, float(position), params.log2_base, factor);
      }
      if (turns && after_rope) pair = rope_rotate(pair, angle);
      if (norms) {
        pair = (pair - mean) * scale;
        const uint first = of_rows || centred ? head * params.head_dim : 0;
        const uint a = first + elements.first;
        const uint b = first + elements.second;
        if (is_query && has_query_norm) pair *= float2(float(query_norm[a]), float(query_norm[b]));
        if (!is_query && has_weight) pair *= float2(float(key_norm[a]), float(key_norm[b]));
      }
      if (turns && !after_rope) pair = rope_rotate(pair, angle);

      if (is_query) {
        device X* to = q + ulong(token) * token_stride + ulong(head) * head_stride;
        to[elements.first] = X(pair.x);
        to[elements.second] = X(pair.y);
      } else {
        cached.put(elements.first, elements.first, pair.x);
        cached.put(elements.second, elements.second, pair.y);
      }
    }
    if (!is_query) cached.end(InOrderSlots{}, params.head_dim, lane);
  }
}
