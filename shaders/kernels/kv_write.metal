// Writes new keys and values to their positions in the cache. A thread takes one element of K and
// V.
#include "lib/cache_elements.metal"

kernel void kv_write(FOUNDRY_ARGUMENTS) {
  const uint d = thread_position_in_grid.x;
  const uint head = thread_position_in_grid.y;
  const uint token = thread_position_in_grid.z;
  const uint lane = thread_index_in_simdgroup;
  if (d >= params.head_dim) return;
  const ulong from = (ulong(token) * params.kv_heads + head) * params.head_dim + d;
  const ulong position = params.start + token;
  const CacheHead<Cache> k_head = {
      k_cache + position * params.k_position_stride + ulong(head) * params.k_head_stride, nullptr};
  const CacheHead<Cache> v_head = {
      v_cache + position * params.v_position_stride + ulong(head) * params.v_head_stride, nullptr};
  k_head.put_in_order(d, float(k[from]), lane);
  v_head.put_in_order(d, float(v[from]), lane);
}
