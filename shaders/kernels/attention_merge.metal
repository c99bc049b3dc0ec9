// Merges the parts of a split context into attention's result. A threadgroup takes a head of a
// token.
#include "lib/attention.metal"

kernel void attention_merge(FOUNDRY_ARGUMENTS) {
  const uint head = threadgroup_position_in_grid.x;
  const uint token = threadgroup_position_in_grid.y;
  const uint lane = thread_index_in_simdgroup;
  const uint value_dim = value_dimension;
  device const float* own = parts + attention_part(params, value_dim, token, head, 0);
  const uint stride = value_dim + 2;

  // A lane is a part: at most 32 of them.
  const bool mine = lane < params.splits;
  const float maximum = mine ? own[lane * stride + value_dim] : kAttentionLowest;
  const float highest = simd_max(maximum);
  const float factor = mine ? exp(maximum - highest) : 0.0f;
  const float sum = simd_sum(mine ? own[lane * stride + value_dim + 1] * factor : 0.0f);
  for (uint first = 0; first < value_dim; first += 32) {
    const uint d = first + lane;
    float mixed = 0.0f;
    for (uint s = 0; s < params.splits; ++s) {
      const float share = simd_broadcast(factor, ushort(s));
      if (d < value_dim) mixed += own[s * stride + d] * share;
    }
    if (d < value_dim) {
      float result = attention_normalised(mixed, sum);
      if (has_gate) {
        const AttentionGate<Gate> own = {gate, params.gate_head_stride, params.gate_token_stride};
        result *= own.of(token, head, d);
      }
      y[(ulong(token) * params.heads + head) * value_dim + d] = Y(result);
    }
  }
}
