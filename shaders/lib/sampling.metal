// Sets of tokens that may be drawn, and drawing one. A set has `count` tokens with `logit(i)` each,
// in the order of the vocabulary; `threads` threads share it, and `sum()` and `least()` are over
// all of them.
#pragma once
#include "lib/threadgroup_reduce.metal"

FOUNDRY_GLOBAL uint kMostCandidates = 1024;

/// The whole vocabulary, in device memory, shared by a threadgroup.
template <class T>
struct AllTokens {
  device const T* logits;
  uint count;
  uint thread_index;
  uint threads;
  threadgroup float* slots;
  threadgroup uint* whole_slots;
  uint simdgroups;
  uint simdgroup;
  uint lane;

  float logit(uint i) const { return float(logits[i]); }
  float sum(float value) const {
    return threadgroup_sum(value, slots, simdgroups, simdgroup, lane);
  }
  uint least(uint value) const {
    return threadgroup_min(value, whole_slots, simdgroups, simdgroup, lane);
  }
  /// A simdgroup's share, in order: from begin() to end().
  uint begin() const { return min(simdgroup * share(), count); }
  uint end() const { return min(begin() + share(), count); }
  uint share() const { return (count + threads - 1) / threads * 32; }
};

/// Those that come into question, in threadgroup memory, shared by a simdgroup.
struct Candidates {
  threadgroup const float* logits;
  uint count;
  uint thread_index;
  uint threads;

  float logit(uint i) const { return logits[i]; }
  float sum(float value) const { return simd_sum(value); }
  uint least(uint value) const { return simd_min(value); }
};

/// Integers in the order of the floats.
inline uint ordered_bits(float value) {
  const uint bits = as_type<uint>(value);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/// Of any integer: what lies beyond an infinity is that infinity.
inline float from_ordered_bits(uint ordered) {
  const uint bits = clamp(ordered, 0x007fffffu, 0xff800000u);
  return as_type<float>(bits & 0x80000000u ? bits ^ 0x80000000u : ~bits);
}

/// The logits from a bound on.
struct AtLeast {
  float lowest;

  bool holds(float logit) const { return logit >= lowest; }
};

/// What filters have left: the logits from one bound to another, both included.
struct Kept {
  float lowest;
  float highest;  // of a token that is there

  bool holds(float logit) const { return logit >= lowest && logit <= highest; }
};

/// How often a token may be drawn: 0 outside of what is kept.
struct Weights {
  Kept kept;
  float inverse_temperature;

  float of(float logit) const {
    return kept.holds(logit) ? exp((logit - kept.highest) * inverse_temperature) : 0.0f;
  }
};

/// Of what is kept, at a temperature above 0, or of its highest logits at 0. The coldest stays
/// finite: the highest logit's difference is 0, and 0 times it has to be 0.
inline Weights weights_at(float temperature, Kept kept) {
  const bool greedy = temperature <= 0.0f;
  if (greedy) kept.lowest = kept.highest;
  return {kept, greedy ? 1.0f : min(1.0f / temperature, FLT_MAX)};
}

/// The sum of a thread's weights among those from `begin` to `end`, of which a simdgroup has every
/// 32nd.
template <class Tokens>
inline float weight_of(Tokens tokens, Weights weights, uint begin, uint end, uint lane) {
  float sum = 0.0f;
  for (uint k = begin + lane; k < end; k += 32) sum += weights.of(tokens.logit(k));
  return sum;
}

/// The first token at which the cumulative weight, `before` at the start, passes `target`; should
/// rounding put the target past the end, the last one with any weight. For a simdgroup.
template <class Tokens>
inline uint draw(Tokens tokens, Weights weights, uint begin, uint end, uint lane, float before,
                 float target) {
  const uint none = 0xffffffffu;
  uint chosen = none;
  uint last = begin;
  for (uint first = begin; first < end && chosen == none; first += 32) {
    const uint k = first + lane;
    const float share = k < end ? weights.of(tokens.logit(k)) : 0.0f;
    const float reached = before + simd_prefix_inclusive_sum(share);
    chosen = simd_min(share > 0.0f && reached > target ? k : none);
    last = max(last, simd_max(share > 0.0f ? k : 0));
    before += simd_sum(share);
  }
  return chosen == none ? last : chosen;
}
