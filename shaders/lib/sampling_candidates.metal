// The tokens of a vocabulary that come into question, found and copied into threadgroup memory.
#pragma once
#include "lib/sampling.metal"

/// What a filter is sure to keep no token beyond: the `count` largest, or, where that is 0, as many
/// of them as have more than the `mass` together, or of those `around` a number on both sides.
struct Wanted {
  uint count;
  float mass;  // of what is kept: the sum of exp(logit - highest)
  float around;
};

/// From `logit` on, all tokens that are wanted, kMostCandidates at most.
struct LowestCandidate {
  float logit;
  bool found;
};

template <bool kAround, class Tokens>
inline LowestCandidate lowest_candidate(Tokens tokens, Kept kept, Wanted wanted) {
  if (tokens.count <= kMostCandidates) return {-INFINITY, true};
  const float highest = kept.highest;
  const bool by_count = wanted.count != 0;
  // Bisects the distance from the highest logit.
  float too_near = 0.0f;
  float too_far = 0.0f;  // 0: not known
  float distance = 8.0f;
  for (uint guess = 0; guess < 8; ++guess) {
    const float lowest = highest - distance;
    const float heavy = max(lowest, kept.lowest);
    const float farthest = kAround ? 2.0f * wanted.around - lowest : highest;
    float count = 0.0f;  // exact: a vocabulary has fewer than 2^24 tokens
    float mass = 0.0f;
    for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
      const float logit = tokens.logit(k);
      count += logit >= lowest ? 1.0f : 0.0f;
      if (by_count) continue;
      const bool counts = logit >= heavy && (!kAround || logit <= farthest);
      mass += counts ? exp(logit - highest) : 0.0f;
    }
    count = tokens.sum(count);
    const bool enough = by_count ? count >= float(wanted.count) : tokens.sum(mass) > wanted.mass;
    const bool few = count <= float(kMostCandidates);
    if (enough && few) return {lowest, true};
    if (!enough && !few) break;
    if (enough) {
      too_far = distance;
    } else {
      too_near = distance;
    }
    distance = too_far > 0.0f ? 0.5f * (too_near + too_far) : 2.0f * distance;
  }
  return {0.0f, false};
}

/// Copies the first `most` of the tokens that `kept` holds, in their order; how many there are.
template <class Tokens, class Bounds>
inline uint gather(Tokens tokens, Bounds kept, uint most, threadgroup float* logits,
                   threadgroup uint* ids) {
  const uint begin = tokens.begin();
  const uint end = tokens.end();
  float own = 0.0f;
  for (uint k = begin + tokens.lane; k < end; k += 32) {
    own += kept.holds(tokens.logit(k)) ? 1.0f : 0.0f;
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
    const bool keep = k < end && kept.holds(tokens.logit(k));
    if (!simd_any(keep)) continue;
    const uint place = before + simd_prefix_exclusive_sum(keep ? 1u : 0u);
    if (keep && place < most) {
      logits[place] = tokens.logit(k);
      ids[place] = k;
    }
    before += simd_sum(keep ? 1u : 0u);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return min(count, most);
}
