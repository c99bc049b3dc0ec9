// Mamba 2's scan. A thread has an element of a head's x, and with it a column of the state. It
// takes the column's rows few at a time, which it keeps while it goes through the tokens, with places
// through one: y collects what they answer.
#include "lib/activation.metal"

FOUNDRY_GLOBAL uint kRows = StateRows::value;

kernel void ssm_scan(FOUNDRY_ARGUMENTS) {
  const uint column = thread_position_in_grid.x;
  const uint head = threadgroup_position_in_grid.y;
  if (column >= params.head_dim) return;
  const uint inner = params.heads * params.head_dim;
  const uint at = head * params.head_dim + column;
  const uint group = head / params.heads_of_group;
  const uint groups = params.heads / params.heads_of_group;
  device const Xbc* b = xbc + inner + ulong(group) * params.state_size;
  device const Xbc* c = b + ulong(groups) * params.state_size;
  const uint first_token = has_places ? threadgroup_position_in_grid.z : 0;
  const uint end = has_places ? first_token + 1 : params.tokens;
  const uint position = has_places ? places[2 * first_token] : params.start;
  const ulong sequence = has_places ? places[2 * first_token + 1] : 0;
  device float* rows =
      state + (sequence * params.heads + head) * params.state_size * params.head_dim + column;
  const float rate = float(a[head]);
  const float dt_offset = has_dt_bias ? float(dt_bias[head]) : 0.0f;
  const float own = has_d ? float(d[head]) : 0.0f;

  for (uint first = 0; first < params.state_size; first += kRows) {
    const bool last = first + kRows == params.state_size;
    float kept[kRows];
#pragma unroll
    for (uint i = 0; i < kRows; ++i) {
      kept[i] = position == 0 ? 0.0f : rows[ulong(first + i) * params.head_dim];
    }
    for (uint token = first_token; token < end; ++token) {
      const ulong row = ulong(token) * params.xbc_stride;
      const float time = softplus(float(dt[ulong(token) * params.dt_stride + head]) + dt_offset);
      const float decay = precise::exp(time * rate);
      const float input = float(xbc[row + at]);
      const float grown = time * input;
      float sum = 0.0f;
#pragma unroll
      for (uint i = 0; i < kRows; ++i) {
        kept[i] = kept[i] * decay + grown * float(b[row + first + i]);
        sum += kept[i] * float(c[row + first + i]);
      }
      const ulong to = ulong(token) * inner + at;
      if (first != 0) sum += y[to];
      if (last) {
        if (has_d) sum += own * input;
        if (has_gate) sum *= silu(float(gate[ulong(token) * params.gate_stride + at]));
      }
      y[to] = sum;
    }
#pragma unroll
    for (uint i = 0; i < kRows; ++i) rows[ulong(first + i) * params.head_dim] = kept[i];
  }
}
