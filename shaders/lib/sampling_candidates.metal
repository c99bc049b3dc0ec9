// The tokens of a vocabulary that come into question, found and copied into threadgroup memory.
#pragma once
#include "lib/sampling.metal"

/// From `logit` on, all tokens that top-k, or else top-p, may keep, kMostCandidates at most.
struct LowestCandidate {
  float logit;
  float needed;  // as lowest_of_top_p() takes it
  bool found;
};

/// Top-p is a share of what is `kept`, top-k of all tokens.
template <class Tokens>
inline LowestCandidate lowest_candidate(Tokens tokens, Kept kept, uint top_k, float top_p) {
  if (tokens.count <= kMostCandidates) return {-INFINITY, 0.0f, true};
  const float highest = kept.highest;
  const bool by_count = top_k != 0 && top_k < tokens.count;
  float needed = float(top_k);
  if (!by_count) {
    float total = 0.0f;
    for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
      const float logit = tokens.logit(k);
      total += logit >= kept.lowest ? exp(logit - highest) : 0.0f;
    }
    needed = top_p * tokens.sum(total);
  }
  // Bisects the distance from the highest logit.
  float too_near = 0.0f;
  float too_far = 0.0f;  // 0: not known
  float distance = 8.0f;
  for (uint guess = 0; guess < 8; ++guess) {
    const float lowest = highest - distance;
    const float heavy = max(lowest, kept.lowest);
    float count = 0.0f;  // exact: a vocabulary has fewer than 2^24 tokens
    float mass = 0.0f;
    for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
      const float logit = tokens.logit(k);
      count += logit >= lowest ? 1.0f : 0.0f;
      if (!by_count) mass += logit >= heavy ? exp(logit - highest) : 0.0f;
    }
    count = tokens.sum(count);
    const bool enough = (by_count ? count : tokens.sum(mass)) >= needed;
    const bool few = count <= float(kMostCandidates);
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

/// Copies the first `most` of the tokens that `kept` holds, in their order; how many there are.
template <class Tokens>
inline uint gather(Tokens tokens, Kept kept, uint most, threadgroup float* logits,
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
  for (uint first = begin; first < end && before < most; first += 32) {
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
