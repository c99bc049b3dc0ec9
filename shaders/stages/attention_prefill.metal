// Main: attention of many queries over the cache, for prompts (Dao et al., "FlashAttention",
// 2022).
//
// A row is a (token, query head of one group) pair; all rows of a group share K and V, so that
// grouped-query attention fills lanes even for short prompts. A lane is a row: it keeps its query,
// running maximum, sum and output. K and V pass through threadgroup memory in tiles, read by all
// lanes at the same address; a tile is taken `Scores` positions at a time, 2, 4 or 8: as many sums as
// the registers hold.
#pragma once
#include "lib/attention.metal"
#include "lib/policy.metal"

/// HeadDim: of queries and keys; ValueDim: of values, and of the result.
template <uint HeadDim, uint ValueDim = HeadDim>
struct AttentionPrefillMemory {
  // 8 positions at least, and 16 KiB for K and V together; 4 positions of heads that are larger.
  FOUNDRY_CONSTANT uint kPositions =
      HeadDim + ValueDim <= 512 ? 8 * (512 / (HeadDim + ValueDim)) : 4;
  float k[kPositions * HeadDim];
  float v[kPositions * ValueDim];
  uint has_non_finite[32];  // by simdgroup: among the values that it loaded
};

/// Adds `Scores` positions to the output. Guarded: a value that the row does not see may be NaN or
/// infinite, which a weight of zero does not hide.
template <uint ValueDim, uint Scores, bool Guarded>
inline void attention_mix(threadgroup const float* v, thread const float* weights,
                          thread const bool* visible, float decay, thread float* output) {
  for (uint d = 0; d < ValueDim; ++d) {
    float mixed = output[d] * decay;
#pragma unroll
    for (uint p = 0; p < Scores; ++p) {
      const float part = weights[p] * v[p * ValueDim + d];
      mixed += !Guarded || visible[p] ? part : 0.0f;
    }
    output[d] = mixed;
  }
}

/// Cache: the policy of the format that keys and values are kept in.
template <class Cache, uint HeadDim, uint Simdgroups, uint Scores, uint ValueDim = HeadDim, class Q,
          class Mask, class Out>
inline void attend_prefill(device const Q* q, device const typename Cache::Block* k_cache,
                           device const typename Cache::Block* v_cache, Mask mask, Out out,
                           constant AttentionParams& params, uint kv_head, uint row_block,
                           threadgroup AttentionPrefillMemory<HeadDim, ValueDim>& memory,
                           uint simdgroup, uint lane) {
  const uint kTile = AttentionPrefillMemory<HeadDim, ValueDim>::kPositions;
  const uint kParts = (HeadDim + 31) / 32;  // of a position, that simdgroups load
  const uint kValueParts = (ValueDim + 31) / 32;
  const uint group = params.heads / params.kv_heads;
  const uint rows = params.tokens * group;
  const uint first_row = row_block * Simdgroups * 32;
  const uint row = first_row + simdgroup * 32 + lane;
  const uint token = min(row, rows - 1) / group;
  const uint head = kv_head * group + min(row, rows - 1) % group;
  device const Q* own =
      q + ulong(token) * params.q_token_stride + ulong(head) * params.q_head_stride;
  const uint end = attention_end(params, params.start + token, token);
  const uint begin = attention_begin(params, params.start + token);
  device const typename Cache::Block* k_head = k_cache + kv_head * ulong(params.k_head_stride);
  device const typename Cache::Block* v_head = v_cache + kv_head * ulong(params.v_head_stride);

  float query[HeadDim];
  float output[ValueDim];
  for (uint d = 0; d < HeadDim; ++d) query[d] = float(own[d]) * params.scale;
  for (uint d = 0; d < ValueDim; ++d) output[d] = 0.0f;
  const AttentionBeginning beginning = mask.beginning(head);
  float maximum = beginning.maximum;
  float sum = beginning.sum;

  // What any row of the threadgroup attends to.
  const uint last_row = min(first_row + Simdgroups * 32, rows) - 1;
  const uint tiles_end = attention_end(params, params.start + last_row / group, last_row / group);
  const uint tiles_begin = attention_begin(params, params.start + first_row / group);
  for (uint tile = tiles_begin; tile < tiles_end; tile += kTile) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    const uint first_slot = tile % params.slots;
    float zeros = 0.0f;  // NaN as soon as a value is not finite
    for (uint i = simdgroup; i < kTile * kParts; i += Simdgroups) {
      if (!attention_has<HeadDim>(i % kParts, lane)) continue;
      const uint p = i / kParts;
      const ulong slot = attention_slot(params, first_slot + p);
      memory.k[p * HeadDim + i % kParts * 32 + lane] =
          tile + p < tiles_end ? weight_of_lane<Cache>(k_head + slot * params.k_position_stride,
                                                       i % kParts * 32, lane)
                               : 0.0f;
    }
    for (uint i = simdgroup; i < kTile * kValueParts; i += Simdgroups) {
      if (!attention_has<ValueDim>(i % kValueParts, lane)) continue;
      const uint p = i / kValueParts;
      const ulong slot = attention_slot(params, first_slot + p);
      const float value =
          tile + p < tiles_end ? weight_of_lane<Cache>(v_head + slot * params.v_position_stride,
                                                       i % kValueParts * 32, lane)
                               : 0.0f;
      memory.v[p * ValueDim + i % kValueParts * 32 + lane] = value;
      zeros = fma(value, 0.0f, zeros);
    }
    const bool non_finite = simd_any(is_nan(zeros));
    if (lane == 0) memory.has_non_finite[simdgroup] = non_finite ? 1 : 0;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint guarded = 0;
    for (uint s = 0; s < Simdgroups; ++s) guarded |= memory.has_non_finite[s];

    for (uint part = 0; part < kTile; part += Scores) {
      threadgroup const float* k = memory.k + part * HeadDim;
      threadgroup const float* v = memory.v + part * ValueDim;
      float scores[Scores];
#pragma unroll
      for (uint p = 0; p < Scores; ++p) scores[p] = 0.0f;
      for (uint d = 0; d < HeadDim; ++d) {
#pragma unroll
        for (uint p = 0; p < Scores; ++p) scores[p] += query[d] * k[p * HeadDim + d];
      }
      bool visible[Scores];
      float higher = maximum;
#pragma unroll
      for (uint p = 0; p < Scores; ++p) {
        const uint position = tile + part + p;
        const bool inside = position >= begin && position < end;
        const float bias = inside ? mask.at(head, token, position) : kAttentionLowest;
        visible[p] = attention_visible(bias);
        scores[p] = visible[p] ? attention_capped(params, scores[p]) + bias : kAttentionLowest;
        higher = max(higher, scores[p]);
      }
      const float decay = exp(maximum - higher);
      sum *= decay;
#pragma unroll
      for (uint p = 0; p < Scores; ++p) {
        // Not by its score: a row that has seen nothing yet has `higher` at the lowest.
        scores[p] = visible[p] ? exp(scores[p] - higher) : 0.0f;
        sum += scores[p];
      }
      if (guarded != 0) {
        attention_mix<ValueDim, Scores, true>(v, scores, visible, decay, output);
      } else {
        attention_mix<ValueDim, Scores, false>(v, scores, visible, decay, output);
      }
      maximum = higher;
    }
  }

  if (row < rows) {
    for (uint d = 0; d < ValueDim; ++d) {
      out.put(params, token, head, 0, d, output[d], maximum, sum);
    }
  }
}
