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
#include "lib/policy.metal"

/// HeadDim: of queries and keys; ValueDim: of values, and of the result. Groups: keys that are
/// multiplied at a time. On GPUs it is one, by all lanes. Where lanes are the elements of vector
/// registers it is as many as 32 floats take: what is summed over lanes then lies in one register,
/// and an element of a query is loaded once for all of the keys.
template <uint Groups, uint HeadDim, uint Heads, uint Simdgroups, uint ValueDim = HeadDim>
struct AttentionDecodeMemory {
  float queries[Groups > 1 ? Heads * attention_padded(HeadDim) : 1];
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
template <uint Heads, uint ValueDim>
struct AttentionDecodeState {
  FOUNDRY_CONSTANT uint kValueElements = attention_padded(ValueDim) / 32;
  float output[Heads * kValueElements];
  float maximum[Heads];
  float sum[Heads];
};

/// The queries of a threadgroup's heads, as lanes multiply them: where a key is taken at a time, a
/// lane has every 32nd element.
template <uint HeadDim, uint Heads, uint Groups>
struct AttentionQueries {
  FOUNDRY_CONSTANT uint kPadded = attention_padded(HeadDim);
  FOUNDRY_CONSTANT uint kLanes = 32 / Groups;
  threadgroup float* values;

  void put(uint h, uint i, uint lane, float value) { values[h * kPadded + i * 32 + lane] = value; }
  /// The lane's element of part t of the 32 from 32 i on, the same for all keys.
  float at(uint h, uint i, uint t, uint lane) const {
    return values[h * kPadded + i * 32 + t * kLanes + lane % kLanes];
  }
};
template <uint HeadDim, uint Heads>
struct AttentionQueries<HeadDim, Heads, 1> {
  FOUNDRY_CONSTANT uint kElements = attention_padded(HeadDim) / 32;
  threadgroup float* unused;
  float values[Heads * kElements];

  void put(uint h, uint i, uint, float value) { values[h * kElements + i] = value; }
  float at(uint h, uint i, uint, uint) const { return values[h * kElements + i]; }
};

/// From 32 elements of each key, one a lane, to a share of the lanes for each key: float t has the
/// t-th of as many parts of their elements.
inline void attention_turn(thread float (&)[1], uint) {}
inline void attention_turn(thread float (&keys)[2], uint lane) {
  exchange_halves(keys[0], keys[1], 16, lane);
}
inline void attention_turn(thread float (&keys)[4], uint lane) {
  exchange_halves(keys[0], keys[2], 16, lane);
  exchange_halves(keys[1], keys[3], 16, lane);
  exchange_halves(keys[0], keys[1], 8, lane);
  exchange_halves(keys[2], keys[3], 8, lane);
}

/// products[8 h] of lane l: its share of query `head` + h times its key of the `Groups` from
/// `first` on. There are `count` keys in all, or 32 if Whole.
template <class Cache, bool Whole, uint Count, uint HeadDim, uint Heads, uint Groups>
inline void attention_products(device const typename Cache::Block* keys, ulong stride, uint first,
                               uint count,
                               thread const AttentionQueries<HeadDim, Heads, Groups>& queries,
                               uint head, thread float* products, uint lane) {
  FOUNDRY_IN_ORDER
  float sums[Count];
#pragma unroll
  for (uint h = 0; h < Count; ++h) sums[h] = 0.0f;
#pragma unroll
  for (uint i = 0; i < attention_padded(HeadDim) / 32; ++i) {
    float elements[Groups];
#pragma unroll
    for (uint g = 0; g < Groups; ++g) {
      // Past the end the last key is taken again; nobody looks at its score.
      const uint own = Whole ? first + g : min(first + g, count - 1);
      elements[g] = attention_has<HeadDim>(i, lane)
                        ? weight_of_lane<Cache>(keys + own * stride, i * 32, lane)
                        : 0.0f;
    }
    attention_turn(elements, lane);
#pragma unroll
    for (uint t = 0; t < Groups; ++t) {
#pragma unroll
      for (uint h = 0; h < Count; ++h) {
        sums[h] += queries.at(head + h, i, t, lane) * elements[t];
      }
    }
  }
#pragma unroll
  for (uint h = 0; h < Count; ++h) products[h * 8] = sums[h];
}

/// scores[h] of lane l: query h times key attention_offset<Groups>(l), for `count` of the 32 keys
/// at least, for all of them if Whole; of `Count` heads from `head` on.
template <class Cache, bool Whole, uint Count, uint HeadDim, uint Heads, uint Groups>
inline void attention_scores(device const typename Cache::Block* keys, ulong stride, uint count,
                             thread const AttentionQueries<HeadDim, Heads, Groups>& queries,
                             uint head, thread float* scores, uint lane) {
  const uint kAtOnce = 8 * Groups;
  for (uint part = 0; Whole ? part < 32 / kAtOnce : part * kAtOnce < count; ++part) {
    const uint first = part * kAtOnce;
    float products[Count * 8];
    if (Groups == 1) {
#pragma unroll
      for (uint p = 0; p < 8; ++p) {
        attention_products<Cache, Whole, Count>(keys, stride, first + p, count, queries, head,
                                                products + p, lane);
      }
    } else {
      // A loop, whose reads Anvil's compiler asks for ahead.
#pragma nounroll
      for (uint p = 0; p < 8; ++p) {
        attention_products<Cache, Whole, Count>(keys, stride, first + p * Groups, count, queries,
                                                head, products + p, lane);
      }
    }
#pragma unroll
    for (uint h = 0; h < Count; ++h) {
      const float sums = eight_sums<32 / Groups>(products + h * 8, lane);
      scores[head + h] = lane % (4 / Groups) == part ? sums : scores[head + h];
    }
  }
}

/// Which of 32 positions the lane has a score of.
template <uint Groups>
inline uint attention_offset(uint lane) {
  const uint kLanes = 32 / Groups;
  return (lane % (4 / Groups) * 8 + summed_vector<kLanes>(lane)) * Groups + lane / kLanes;
}

/// Cache: the policy of the format that keys and values are kept in. Together: heads whose sums are
/// in registers at once, a divisor.
template <class Cache, uint Together, uint Groups, uint HeadDim, uint Heads, uint Simdgroups,
          uint ValueDim = HeadDim, class Q, class Mask, class Places, class Out>
inline void attend_decode(device const Q* q, device const typename Cache::Block* k_cache,
                          device const typename Cache::Block* v_cache, Mask mask, Places places,
                          Out out,
                          constant AttentionParams& params, uint3 place,
                          threadgroup AttentionDecodeMemory<Groups, HeadDim, Heads, Simdgroups,
                                                            ValueDim>& memory,
                          uint simdgroup, uint lane) {
  using Block = typename Cache::Block;
  using State = AttentionDecodeState<Heads, ValueDim>;
  const uint kElements = attention_padded(HeadDim) / 32;
  const uint kValueElements = State::kValueElements;
  const uint first_head = place.x * Heads;
  const uint token = place.y;
  const uint split = place.z;
  const ulong kv_head = first_head / (params.heads / params.kv_heads);
  const Place own_place = places.of(token);
  device const Block* k_head =
      k_cache + own_place.sequence * params.k_sequence_stride + kv_head * params.k_head_stride;
  device const Block* v_head =
      v_cache + own_place.sequence * params.v_sequence_stride + kv_head * params.v_head_stride;

  State state;
  AttentionQueries<HeadDim, Heads, Groups> queries = {memory.queries};
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
      queries.put(h, i, lane, has ? float(query[i * 32 + lane]) * params.scale : 0.0f);
    }
#pragma unroll
    for (uint i = 0; i < kValueElements; ++i) state.output[h * kValueElements + i] = 0.0f;
  }

  if (Groups > 1) threadgroup_barrier(mem_flags::mem_threadgroup);
  // Simdgroups have neighbouring shares, in whole steps of 32.
  const uint begin = attention_begin(params, own_place.position);
  const uint end = attention_end(params, own_place.position, token);
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
    device const Block* keys = k_head + slot * k_stride;
    device const Block* values = v_head + slot * v_stride;
    float scores[Heads];
#pragma unroll
    for (uint h = 0; h < Heads; ++h) scores[h] = kAttentionLowest;
#pragma unroll
    for (uint h = 0; h < Heads; h += Together) {
      if (count == 32) {
        attention_scores<Cache, true, Together>(keys, k_stride, count, queries, h, scores, lane);
      } else {
        attention_scores<Cache, false, Together>(keys, k_stride, count, queries, h, scores, lane);
      }
    }

    const uint offset = attention_offset<Groups>(lane);
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
#pragma unroll
      for (uint first_mixed = 0; first_mixed < Heads; first_mixed += Together) {
        thread float* output = state.output + first_mixed * kValueElements + i;
        threadgroup const float* own_weights = weights + first_mixed * 32;
        float mixed[Together];
#pragma unroll
        for (uint h = 0; h < Together; ++h) mixed[h] = output[h * kValueElements];
        for (uint p = 0; p < count; ++p) {
          const float value = weight_of_lane<Cache>(values + p * v_stride, i * 32, lane);
#pragma unroll
          for (uint h = 0; h < Together; ++h) {
            const float weight = own_weights[h * 32 + p];
            if (!Mask::kHides || weight != kAttentionHidden) mixed[h] += weight * value;
          }
        }
#pragma unroll
        for (uint h = 0; h < Together; ++h) output[h * kValueElements] = mixed[h];
      }
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
