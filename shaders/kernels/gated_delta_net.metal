// The gated delta rule (Yang, Kautz & Hatamizadeh, "Gated Delta Networks", 2024), all tokens in one
// dispatch. Columns of a head's state are independent of each other: `Lanes` lanes of a simdgroup
// share one, each has every so many of its rows, from the first token to the last; with places they
// take one token.
#include "lib/activation.metal"
#include "lib/non_finite.metal"

FOUNDRY_GLOBAL uint kKeys = Keys::value;
FOUNDRY_GLOBAL uint kLanes = Lanes::value;
FOUNDRY_GLOBAL uint kColumns = 32 / kLanes;  // of a simdgroup
FOUNDRY_GLOBAL uint kOwnRows = (kKeys + kLanes - 1) / kLanes;
FOUNDRY_GLOBAL uint kStep = kOwnRows < 16 ? kOwnRows : 16;  // rows taken together
FOUNDRY_GLOBAL uint kRows = (kOwnRows + kStep - 1) / kStep * kStep;
FOUNDRY_GLOBAL bool kIsWhole = kRows * kLanes == kKeys;
FOUNDRY_GLOBAL uint kSums = 4;  // of a column, side by side

/// Over the lanes that share a column.
inline float column_sum(float value) {
#pragma unroll
  for (uint distance = kColumns; distance < 32; distance *= 2) {
    value += simd_shuffle_xor(value, ushort(distance));
  }
  return value;
}

/// One over the length; all lanes of the simdgroup call it.
inline float inverse_length(device const X* x, float epsilon, uint lane) {
  float squares = 0.0f;
  for (uint i = lane; i < kKeys; i += 32) squares += float(x[i]) * float(x[i]);
  return inverse_root_mean(simd_sum(squares), epsilon);
}

/// Whether a lane has an i-th row. In place of one beyond the end it reads the last one, for 0.
inline bool has_row(uint i, uint part) {
  return kIsWhole || i * kLanes + part < kKeys;
}
inline uint row_of(uint i, uint part) {
  const uint row = i * kLanes + part;
  return kIsWhole ? row : min(row, kKeys - 1);
}
inline float element_of(device const X* x, uint i, uint part) {
  const float element = float(x[row_of(i, part)]);
  return has_row(i, part) ? element : 0.0f;
}

/// Where a head has its number among a token's.
inline uint gate_at(uint head, uint group, uint group_stride) {
  return head / group * group_stride + head % group;
}

kernel void gated_delta_net(FOUNDRY_ARGUMENTS) {
  const uint lane = thread_index_in_simdgroup;
  const uint part = lane / kColumns;
  const uint block = threadgroup_position_in_grid.x * simdgroups_per_threadgroup +
                     simdgroup_index_in_threadgroup;
  const uint column = block * kColumns + lane % kColumns;
  const bool is_inside = column < params.values;
  const uint own = is_inside ? column : params.values - 1;
  const uint head = threadgroup_position_in_grid.y;
  const uint key_head = params.tiled != 0 ? head % params.key_heads
                                          : head / (params.heads / params.key_heads);
  const ulong first_token = has_places ? threadgroup_position_in_grid.z : 0;
  const uint position = has_places ? places[2 * first_token] : params.start;
  const ulong sequence = has_places ? places[2 * first_token + 1] : 0;
  device const X* q_row =
      q + first_token * params.q_token_stride + ulong(key_head) * params.q_head_stride;
  device const X* k_row =
      k + first_token * params.k_token_stride + ulong(key_head) * params.k_head_stride;
  device const X* v_own =
      v + first_token * params.v_token_stride + ulong(head) * params.v_head_stride + own;
  device const Decay* decay_own = decay + first_token * params.decay_token_stride +
                                  gate_at(head, params.decay_group, params.decay_group_stride);
  device const Beta* beta_own = beta + first_token * params.beta_token_stride +
                                gate_at(head, params.beta_group, params.beta_group_stride);
  device Y* y_own = y + (first_token * params.heads + head) * params.values + own;
  device float* state_own =
      state + (sequence * params.heads + head) * kKeys * params.values + own;

  float rows[kRows];
  for (uint first = 0; first < kRows; first += kStep) {
#pragma unroll
    for (uint i = first; i < first + kStep; ++i) {
      const float row = state_own[ulong(row_of(i, part)) * params.values];
      rows[i] = position != 0 && has_row(i, part) ? row : 0.0f;
    }
  }

  for (uint token = 0; token < params.tokens; ++token) {
    const float q_scale = inverse_length(q_row, params.epsilon, lane) * params.scale;
    const float k_scale = inverse_length(k_row, params.epsilon, lane);
    float gate = float(*decay_own);
    if (has_decay_bias) gate += float(decay_bias[head]);
    if (has_decay_scale) gate = float(decay_scale[head]) * softplus(gate);
    const float kept = precise::exp(gate);

    float sums[kSums] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (uint first = 0; first < kRows; first += kStep) {
#pragma unroll
      for (uint i = 0; i < kStep; ++i) {
        sums[i % kSums] += rows[first + i] * element_of(k_row, first + i, part);
      }
    }
    const float held = column_sum(sums[0] + sums[1] + (sums[2] + sums[3])) * k_scale;
    const float change = sigmoid(float(*beta_own)) * (float(*v_own) - kept * held) * k_scale;

#pragma unroll
    for (uint i = 0; i < kSums; ++i) sums[i] = 0.0f;
    for (uint first = 0; first < kRows; first += kStep) {
#pragma unroll
      for (uint i = 0; i < kStep; ++i) {
        const float row = rows[first + i] * kept + element_of(k_row, first + i, part) * change;
        rows[first + i] = row;
        sums[i % kSums] += row * element_of(q_row, first + i, part);
      }
    }
    const float answer = column_sum(sums[0] + sums[1] + (sums[2] + sums[3])) * q_scale;
    if (is_inside && part == 0) *y_own = Y(answer);

    q_row += params.q_token_stride;
    k_row += params.k_token_stride;
    v_own += params.v_token_stride;
    decay_own += params.decay_token_stride;
    beta_own += params.beta_token_stride;
    y_own += params.heads * params.values;
  }

  if (!is_inside) return;
  for (uint first = 0; first < kRows; first += kStep) {
#pragma unroll
    for (uint i = first; i < first + kStep; ++i) {
      if (has_row(i, part)) state_own[ulong(row_of(i, part)) * params.values] = rows[i];
    }
  }
}
