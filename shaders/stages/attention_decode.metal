// Main: causal attention of one query over the cache, for decoding (Milakov & Gimelshein, "Online
// normalizer calculation for softmax", 2018; Dao et al., "FlashAttention", 2022).
//
// A threadgroup takes one query head of one token. Its simdgroups take the cache in turns of 32
// positions; a lane is an element of the head while it multiplies with K and V, and a position
// while it takes exponentials. Each simdgroup keeps a running maximum, sum and output, merged at
// the end.
#pragma once
#include "lib/attention.metal"

template <uint HeadDim, uint Simdgroups>
struct AttentionDecodeMemory {
  float maximum[Simdgroups];
  float sum[Simdgroups];
  float output[Simdgroups * HeadDim];
};

template <uint HeadDim, uint Simdgroups, class Q, class Cache, class Y>
inline void attend_decode(device const Q* q, device const Cache* k_cache,
                          device const Cache* v_cache, device Y* y,
                          constant AttentionParams& params, uint head, uint token,
                          threadgroup AttentionDecodeMemory<HeadDim, Simdgroups>& memory,
                          uint simdgroup, uint lane) {
  const uint kElements = (HeadDim + 31) / 32;  // of a lane: lane, lane + 32, ...
  const ulong kv_head = head / (params.heads / params.kv_heads);
  device const Cache* k_head = k_cache + kv_head * params.k_head_stride;
  device const Cache* v_head = v_cache + kv_head * params.v_head_stride;
  const ulong at = (ulong(token) * params.heads + head) * HeadDim;
  const uint end = params.start + token + 1;
  const uint begin = attention_begin(params, end);

  float query[kElements];
  float output[kElements];
  for (uint i = 0; i < kElements; ++i) {
    const uint d = i * 32 + lane;
    query[i] = d < HeadDim ? float(q[at + d]) * params.scale : 0.0f;
    output[i] = 0.0f;
  }

  float maximum = kAttentionLowest;
  float sum = 0.0f;
  for (uint first = begin + simdgroup * 32; first < end; first += Simdgroups * 32) {
    const uint count = min(32u, end - first);
    float score = kAttentionLowest;
    for (uint p = 0; p < count; ++p) {
      device const Cache* k = k_head + (first + p) * ulong(params.k_position_stride);
      float product = 0.0f;
      for (uint i = 0; i < kElements; ++i) {
        const uint d = i * 32 + lane;
        if (HeadDim % 32 == 0 || d < HeadDim) product += query[i] * float(k[d]);
      }
      const float total = simd_sum(product);
      score = lane == p ? total : score;
    }
    const float higher = max(maximum, simd_max(score));
    const float decay = exp(maximum - higher);
    const float weight = lane < count ? exp(score - higher) : 0.0f;
    sum = sum * decay + simd_sum(weight);
    for (uint i = 0; i < kElements; ++i) output[i] *= decay;
    for (uint p = 0; p < count; ++p) {
      device const Cache* v = v_head + (first + p) * ulong(params.v_position_stride);
      const float share = simd_shuffle(weight, ushort(p));
      for (uint i = 0; i < kElements; ++i) {
        const uint d = i * 32 + lane;
        if (HeadDim % 32 == 0 || d < HeadDim) output[i] += share * float(v[d]);
      }
    }
    maximum = higher;
  }

  if (lane == 0) {
    memory.maximum[simdgroup] = maximum;
    memory.sum[simdgroup] = sum;
  }
  for (uint i = 0; i < kElements; ++i) {
    const uint d = i * 32 + lane;
    if (d < HeadDim) memory.output[simdgroup * HeadDim + d] = output[i];
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);

  float highest = kAttentionLowest;
  for (uint s = 0; s < Simdgroups; ++s) highest = max(highest, memory.maximum[s]);
  float total = 0.0f;
  for (uint s = 0; s < Simdgroups; ++s) {
    total += memory.sum[s] * exp(memory.maximum[s] - highest);
  }
  for (uint d = simdgroup * 32 + lane; d < HeadDim; d += Simdgroups * 32) {
    float merged = 0.0f;
    for (uint s = 0; s < Simdgroups; ++s) {
      merged += memory.output[s * HeadDim + d] * exp(memory.maximum[s] - highest);
    }
    y[at + d] = Y(merged / total);
  }
}
