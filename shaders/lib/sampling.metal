// Which tokens of a set may be drawn, and drawing one. A set has `count` tokens with `logit(i)` each,
// in the order of the vocabulary; `threads` threads share it, and `sum()` adds over all of them.
#pragma once
#include "lib/threadgroup_reduce.metal"

/// The whole vocabulary, in device memory, shared by a threadgroup.
struct AllTokens {
  device const float* logits;
  uint count;
  uint thread_index;
  uint threads;
  threadgroup float* slots;
  uint simdgroups;
  uint simdgroup;
  uint lane;

  float logit(uint i) const { return logits[i]; }
  float sum(float value) const {
    return threadgroup_sum(value, slots, simdgroups, simdgroup, lane);
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
};

FOUNDRY_GLOBAL uint kMostCandidates = 1024;

/// Integers in the order of the floats.
inline uint ordered_bits(float value) {
  const uint bits = as_type<uint>(value);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/// How often a token may be drawn: 0 below the threshold, and for -infinity at any temperature.
struct Weights {
  float highest;
  float inverse_temperature;
  uint threshold;

  float of(float logit) const {
    if (ordered_bits(logit) < threshold || logit == -INFINITY) return 0.0f;
    return exp((logit - highest) * inverse_temperature);
  }
};

/// The ordered bits of the lowest logit that passes top-k, top-p and min-p, found bit by bit: exact,
/// without sorting. Equal logits stay or go together. `needed` is the sum of exp(logit - highest) that
/// top-p asks for; 0: its share of what top-k keeps.
template <class Tokens>
inline uint lowest_kept(Tokens tokens, float highest, uint top_k, float top_p, float min_p,
                        float needed) {
  uint threshold = 0;
  if (top_k != 0 && top_k < tokens.count) {
    for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
      const uint candidate = threshold | bit;
      float kept = 0.0f;  // exact: a vocabulary has fewer than 2^24 tokens
      for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
        kept += ordered_bits(tokens.logit(k)) >= candidate ? 1.0f : 0.0f;
      }
      if (tokens.sum(kept) >= float(top_k)) threshold = candidate;
    }
  }
  if (top_p < 1.0f) {
    if (needed == 0.0f) {
      float total = 0.0f;
      for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
        const float logit = tokens.logit(k);
        if (ordered_bits(logit) >= threshold) total += exp(logit - highest);
      }
      needed = top_p * tokens.sum(total);
    }
    uint nucleus = 0;
    for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
      const uint candidate = nucleus | bit;
      float mass = 0.0f;
      for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
        const float logit = tokens.logit(k);
        if (ordered_bits(logit) >= max(candidate, threshold)) mass += exp(logit - highest);
      }
      if (tokens.sum(mass) >= needed) nucleus = candidate;
    }
    threshold = max(threshold, nucleus);
  }
  if (min_p > 0.0f) threshold = max(threshold, ordered_bits(highest + log(min_p)));
  // The most likely token survives every filter.
  return min(threshold, ordered_bits(highest));
}

/// From `logit` on, all tokens that top-k and top-p may keep, kMostCandidates at most.
struct LowestCandidate {
  float logit;
  float needed;  // as lowest_kept() takes it
  bool found;
};

inline LowestCandidate lowest_candidate(AllTokens tokens, float highest, uint top_k, float top_p) {
  if (tokens.count <= kMostCandidates) return {-INFINITY, 0.0f, true};
  const bool by_count = top_k != 0 && top_k < tokens.count;
  float needed = float(top_k);
  if (!by_count) {
    float total = 0.0f;
    for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
      total += exp(tokens.logit(k) - highest);
    }
    needed = top_p * tokens.sum(total);
  }
  // Bisects the distance from the highest logit.
  float too_near = 0.0f;
  float too_far = 0.0f;  // 0: not known
  float distance = 8.0f;
  for (uint guess = 0; guess < 8; ++guess) {
    const float lowest = highest - distance;
    float kept = 0.0f;
    float mass = 0.0f;
    for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
      const float logit = tokens.logit(k);
      kept += logit >= lowest ? 1.0f : 0.0f;
      if (!by_count) mass += logit >= lowest ? exp(logit - highest) : 0.0f;
    }
    kept = tokens.sum(kept);
    const bool enough = (by_count ? kept : tokens.sum(mass)) >= needed;
    const bool few = kept <= float(kMostCandidates);
    if (enough && few) return {lowest, by_count ? 0.0f : needed, true};
    if (!enough && !few) break;
    if (enough) {
      too_far = distance;
    } else {
      too_near = distance;
    }
    distance = too_far > 0.0f ? 0.5f * (too_near + too_far) : 2.0f * distance;
  }
  return {0.0f, 0.0f, false};
}

/// Copies the tokens from `lowest` on, in their order; how many there are.
inline uint gather(AllTokens tokens, float lowest, threadgroup float* logits,
                   threadgroup uint* ids) {
  const uint begin = tokens.begin();
  const uint end = tokens.end();
  float own = 0.0f;
  for (uint k = begin + tokens.lane; k < end; k += 32) {
    own += tokens.logit(k) >= lowest ? 1.0f : 0.0f;
  }
  own = simd_sum(own);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (tokens.lane == 0) tokens.slots[tokens.simdgroup] = own;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint before = 0;
  uint count = 0;
  for (uint s = 0; s < tokens.simdgroups; ++s) {
    before = s == tokens.simdgroup ? count : before;
    count += uint(tokens.slots[s]);
  }
  for (uint first = begin; first < end; first += 32) {
    const uint k = first + tokens.lane;
    const bool keep = k < end && tokens.logit(k) >= lowest;
    if (!simd_any(keep)) continue;
    const uint place = before + simd_prefix_exclusive_sum(keep ? 1u : 0u);
    if (keep) {
      logits[place] = tokens.logit(k);
      ids[place] = k;
    }
    before += simd_sum(keep ? 1u : 0u);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return count;
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
