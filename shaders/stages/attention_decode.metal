// Main: attention of one token over the cache, for decoding (Milakov & Gimelshein, "Online
// normalizer calculation for softmax", 2018; Dao et al., "FlashAttention", 2022; Dao et al.,
// "Flash-Decoding for long-context inference", 2023).
//
// A threadgroup takes one token, `Heads` query heads of one key-value head, so that K and V are
// read once for all of them, and one of `splits` parts of the positions; its simdgroups share that
// part. 32 positions are taken at a time, fewer where a ring ends: a lane is an element of the head while it multiplies with
// K and V, and a position while it takes exponentials. The parts of a split context are merged by
// kernels/attention_merge.metal.
#pragma once
#include "lib/attention.metal"
#include "lib/lane_sums.metal"

/// HeadDim: of queries and keys; ValueDim: of values, and of the result.
template <uint HeadDim, uint Heads, uint Simdgroups, uint ValueDim = HeadDim>
struct AttentionDecodeMemory {
  float weights[Simdgroups * Heads * 32];
  float maximum[Simdgroups * Heads];
  float sum[Simdgroups * Heads];
  float output[Simdgroups > 1 ? Simdgroups * Heads * ValueDim : 1];
};

/// Stores parts, to be merged.
template <uint ValueDim>
struct AttentionPart {
  device float* parts;

  void put(constant AttentionParams& params, uint token, uint head, uint split, uint d, float mixed,
           float maximum, float sum) const {
    device float* part = parts + attention_part(params, ValueDim, token, head, split);
    part[d] = mixed;
    if (d == 0) {
      part[ValueDim] = maximum;
      part[ValueDim + 1] = sum;
    }
  }
};

/// What a simdgroup knows about its positions so far. A lane has every 32nd element of the outputs,
/// and its own share of each head's sum of weights.
template <uint HeadDim, uint Heads, uint ValueDim>
struct AttentionDecodeState {
  FOUNDRY_CONSTANT uint kElements = (HeadDim + 31) / 32;
  FOUNDRY_CONSTANT uint kValueElements = (ValueDim + 31) / 32;
  float query[Heads * kElements];
  float output[Heads * kValueElements];
  float maximum[Heads];
  float sum[Heads];
};

/// Whether a lane has element i * 32 + lane of the head.
template <uint HeadDim>
inline bool attention_has(uint i, uint lane) {
  return HeadDim % 32 == 0 || i * 32 + lane < HeadDim;
}

/// scores[h] of lane l: query h times key attention_offset(l), for `count` of the 32 keys at least;
/// for all of them if Whole.
template <uint HeadDim, uint Heads, bool Whole, uint ValueDim, class Cache>
inline void attention_scores(device const Cache* keys, ulong stride, uint count,
                             thread const AttentionDecodeState<HeadDim, Heads, ValueDim>& state,
                             thread float* scores, uint lane) {
  const uint kElements = AttentionDecodeState<HeadDim, Heads, ValueDim>::kElements;
  for (uint part = 0; Whole ? part < 4 : part * 8 < count; ++part) {
    float products[Heads * 8];
#pragma unroll
    for (uint p = 0; p < 8; ++p) {
      // Past the end the last key is taken again; nobody looks at its score.
      const uint own = Whole ? part * 8 + p : min(part * 8 + p, count - 1);
      device const Cache* k = keys + own * stride;
      float key[kElements];
#pragma unroll
      for (uint i = 0; i < kElements; ++i) {
        key[i] = attention_has<HeadDim>(i, lane) ? float(k[i * 32 + lane]) : 0.0f;
      }
#pragma unroll
      for (uint h = 0; h < Heads; ++h) {
        float product = 0.0f;
#pragma unroll
        for (uint i = 0; i < kElements; ++i) product += state.query[h * kElements + i] * key[i];
        products[h * 8 + p] = product;
      }
    }
#pragma unroll
    for (uint h = 0; h < Heads; ++h) {
      const float sums = eight_sums(products + h * 8, lane);
      scores[h] = (lane & 3) == part ? sums : scores[h];
    }
  }
}

/// Which of 32 positions the lane has a score of.
inline uint attention_offset(uint lane) {
  return (lane & 3) * 8 + summed_vector(lane);
}

template <uint HeadDim, uint Heads, uint Simdgroups, uint ValueDim = HeadDim, class Q, class Cache,
          class Mask, class Out>
inline void attend_decode(device const Q* q, device const Cache* k_cache,
                          device const Cache* v_cache, Mask mask, Out out,
                          constant AttentionParams& params, uint3 place,
                          threadgroup AttentionDecodeMemory<HeadDim, Heads, Simdgroups, ValueDim>&
                              memory,
                          uint simdgroup, uint lane) {
  using State = AttentionDecodeState<HeadDim, Heads, ValueDim>;
  const uint kElements = State::kElements;
  const uint kValueElements = State::kValueElements;
  const uint first_head = place.x * Heads;
  const uint token = place.y;
  const uint split = place.z;
  const ulong kv_head = first_head / (params.heads / params.kv_heads);
  device const Cache* k_head = k_cache + kv_head * params.k_head_stride;
  device const Cache* v_head = v_cache + kv_head * params.v_head_stride;

  State state;
#pragma unroll
  for (uint h = 0; h < Heads; ++h) {
    device const Q* query = q + ulong(token) * params.q_token_stride +
                            ulong(first_head + h) * params.q_head_stride;
    const AttentionBeginning beginning = mask.beginning(first_head + h);
    state.maximum[h] = beginning.maximum;
    // What has no position counts once, in one lane of all.
    state.sum[h] = split == 0 && simdgroup == 0 && lane == 0 ? beginning.sum : 0.0f;
#pragma unroll
    for (uint i = 0; i < kElements; ++i) {
      const bool has = attention_has<HeadDim>(i, lane);
      state.query[h * kElements + i] = has ? float(query[i * 32 + lane]) * params.scale : 0.0f;
    }
#pragma unroll
    for (uint i = 0; i < kValueElements; ++i) state.output[h * kValueElements + i] = 0.0f;
  }

  // Simdgroups have neighbouring shares, in whole steps of 32.
  const uint begin = attention_begin(params, token);
  const uint end = attention_end(params, token);
  const uint workers = params.splits * Simdgroups;
  const uint steps = (end - begin + 31) / 32;
  const uint share = (steps + workers - 1) / workers * 32;
  const uint own_begin = begin + (split * Simdgroups + simdgroup) * share;
  const uint own_end = min(end, own_begin + share);
  threadgroup float* weights = memory.weights + simdgroup * Heads * 32;

  const ulong k_stride = params.k_position_stride;
  const ulong v_stride = params.v_position_stride;
  uint count = 0;
  for (uint first = own_begin; first < own_end; first += count) {
    const uint slot = first % params.slots;
    count = min(min(32u, own_end - first), params.slots - slot);
    device const Cache* keys = k_head + slot * k_stride;
    device const Cache* values = v_head + slot * v_stride;
    float scores[Heads];
#pragma unroll
    for (uint h = 0; h < Heads; ++h) scores[h] = kAttentionLowest;
    if (count == 32) {
      attention_scores<HeadDim, Heads, true>(keys, k_stride, count, state, scores, lane);
    } else {
      attention_scores<HeadDim, Heads, false>(keys, k_stride, count, state, scores, lane);
    }

    const uint offset = attention_offset(lane);
#pragma unroll
    for (uint h = 0; h < Heads; ++h) {
      const float bias =
          offset < count ? mask.at(first_head + h, token, first + offset) : kAttentionLowest;
      const bool visible = attention_visible(bias);
      const float score = visible ? attention_capped(params, scores[h]) + bias : kAttentionLowest;
      const float higher = max(state.maximum[h], simd_max(score));
      const float decay = exp(state.maximum[h] - higher);
      const float weight = visible ? exp(score - higher) : 0.0f;
      state.sum[h] = state.sum[h] * decay + weight;
      state.maximum[h] = higher;
      weights[h * 32 + offset] = Mask::kHides && !visible ? kAttentionHidden : weight;
#pragma unroll
      for (uint i = 0; i < kValueElements; ++i) state.output[h * kValueElements + i] *= decay;
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);

#pragma unroll
    for (uint i = 0; i < kValueElements; ++i) {
      if (!attention_has<ValueDim>(i, lane)) continue;
      device const Cache* v = values + i * 32 + lane;
      float mixed[Heads];
#pragma unroll
      for (uint h = 0; h < Heads; ++h) mixed[h] = state.output[h * kValueElements + i];
      for (uint p = 0; p < count; ++p) {
        const float value = float(v[p * v_stride]);
#pragma unroll
        for (uint h = 0; h < Heads; ++h) {
          const float weight = weights[h * 32 + p];
          if (!Mask::kHides || weight != kAttentionHidden) mixed[h] += weight * value;
        }
      }
#pragma unroll
      for (uint h = 0; h < Heads; ++h) state.output[h * kValueElements + i] = mixed[h];
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
  }

  if (Simdgroups == 1) {
#pragma unroll
    for (uint h = 0; h < Heads; ++h) {
      const float sum = simd_sum(state.sum[h]);
#pragma unroll
      for (uint i = 0; i < kValueElements; ++i) {
        if (!attention_has<ValueDim>(i, lane)) continue;
        out.put(params, token, first_head + h, split, i * 32 + lane,
                state.output[h * kValueElements + i], state.maximum[h], sum);
      }
    }
    return;
  }

#pragma unroll
  for (uint h = 0; h < Heads; ++h) {
    const float sum = simd_sum(state.sum[h]);
    if (lane == 0) {
      memory.maximum[simdgroup * Heads + h] = state.maximum[h];
      memory.sum[simdgroup * Heads + h] = sum;
    }
#pragma unroll
    for (uint i = 0; i < kValueElements; ++i) {
      if (!attention_has<ValueDim>(i, lane)) continue;
      memory.output[(simdgroup * Heads + h) * ValueDim + i * 32 + lane] =
          state.output[h * kValueElements + i];
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);

  for (uint at = simdgroup * 32 + lane; at < Heads * ValueDim; at += Simdgroups * 32) {
    const uint h = at / ValueDim;
    float highest = kAttentionLowest;
    for (uint s = 0; s < Simdgroups; ++s) highest = max(highest, memory.maximum[s * Heads + h]);
    float mixed = 0.0f;
    float sum = 0.0f;
    for (uint s = 0; s < Simdgroups; ++s) {
      const float factor = exp(memory.maximum[s * Heads + h] - highest);
      sum += memory.sum[s * Heads + h] * factor;
      mixed += memory.output[s * Heads * ValueDim + at] * factor;
    }
    out.put(params, token, first_head + h, split, at % ValueDim, mixed, highest, sum);
  }
}
