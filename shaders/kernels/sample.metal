// Draws a token from a row of logits: penalties, then top-k, top-p and min-p, then temperature, the
// order of llama.cpp's default chain. Every filter keeps the logits above a threshold. Where top-k
// or top-p leave few tokens, a first guess gathers those in threadgroup memory, and one simdgroup
// does the rest; else the whole row is gone through for each bit of the threshold. The draw walks
// the cumulative weights in the order of the vocabulary. One threadgroup does it all.
//
// Nothing can be drawn from logits with a NaN or +infinity, or from nothing but -infinity: then the
// token is ~i, below zero, where logit i is the first that is to blame.
#include "lib/non_finite.metal"
#include "lib/random.metal"
#include "lib/sampling.metal"

/// The logit after the penalties for having occurred `count` times (Keskar et al., "CTRL", 2019,
/// for the first one).
inline float penalised(float logit, uint count, constant SampleParams& params) {
  if (count == 0) return logit;
  const float scaled =
      logit > 0.0f ? logit / params.repetition_penalty : logit * params.repetition_penalty;
  return scaled - float(count) * params.frequency_penalty - params.presence_penalty;
}

kernel void sample(FOUNDRY_ARGUMENTS) {
  threadgroup float slots[32];
  threadgroup float candidate_logits[kMostCandidates];
  threadgroup uint candidate_ids[kMostCandidates];
  const uint lane = thread_index_in_simdgroup;
  const uint simdgroup = simdgroup_index_in_threadgroup;
  const uint simdgroups = simdgroups_per_threadgroup;
  const uint columns = params.columns;
  const AllTokens all = {scratch, columns,    simdgroup * 32 + lane, simdgroups * 32,
                         slots,   simdgroups, simdgroup,             lane};

  float highest = -INFINITY;
  for (uint k = all.thread_index; k < columns; k += all.threads) {
    const float logit = penalised(float(logits[k]), has_counts ? counts[k] : 0, params);
    scratch[k] = logit;
    highest = max(highest, is_nan(logit) ? INFINITY : logit);
  }
  highest = threadgroup_max(highest, slots, simdgroups, simdgroup, lane);
  threadgroup_barrier(mem_flags::mem_device);
  if (magnitude_bits(highest) >= kInfinityBits) {
    // From +infinity on, NaN included; where the highest is -infinity, the first of all.
    uint first = 0xffffffffu;
    for (uint k = all.thread_index; k < columns; k += all.threads) {
      if (!(all.logit(k) < highest)) first = min(first, k);
    }
    first = threadgroup_min(first, candidate_ids, simdgroups, simdgroup, lane);
    if (all.thread_index == 0) token[0] = Token(~first);
    return;
  }

  const bool greedy = params.temperature <= 0.0f;
  const bool searches =
      !greedy && ((params.top_k != 0 && params.top_k < columns) || params.top_p < 1.0f);
  // Finite for the coldest: the highest logit's difference is 0, and 0 times it has to be 0.
  Weights weights = {highest, greedy ? 1.0f : min(1.0f / params.temperature, FLT_MAX),
                     ordered_bits(highest)};
  const uint4 random =
      philox(uint4(params.step, 0, 0, 0), uint2(params.seed_low, params.seed_high));
  const float at = greedy ? 0.0f : uniform_float(random.x);

  LowestCandidate lowest = {0.0f, 0.0f, false};
  if (searches) lowest = lowest_candidate(all, highest, params.top_k, params.top_p);
  uint chosen = 0;
  if (lowest.found) {
    const uint count = gather(all, lowest.logit, candidate_logits, candidate_ids);
    if (simdgroup != 0) return;
    const Candidates few = {candidate_logits, count, lane, 32};
    weights.threshold =
        lowest_kept(few, highest, params.top_k, params.top_p, params.min_p, lowest.needed);
    const float total = simd_sum(weight_of(few, weights, 0, count, lane));
    chosen = candidate_ids[draw(few, weights, 0, count, lane, 0.0f, at * total)];
  } else {
    if (!greedy) {
      weights.threshold =
          lowest_kept(all, highest, params.top_k, params.top_p, params.min_p, lowest.needed);
    }
    const float own = simd_sum(weight_of(all, weights, all.begin(), all.end(), lane));
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (lane == 0) slots[simdgroup] = own;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    float total = 0.0f;
    for (uint s = 0; s < simdgroups; ++s) total += slots[s];
    // The simdgroup whose share of the cumulative weight holds the target; should rounding put the
    // target past the end, the last one with any weight.
    uint owner = 0;
    float before = 0.0f;
    float sum = 0.0f;
    for (uint s = 0; s < simdgroups; ++s) {
      const bool reaches = slots[s] > 0.0f && sum <= at * total;
      owner = reaches ? s : owner;
      before = reaches ? sum : before;
      sum += slots[s];
    }
    if (simdgroup != owner) return;
    chosen = draw(all, weights, all.begin(), all.end(), lane, before, at * total);
  }
  if (lane == 0) {
    token[0] = Token(chosen);
    if (has_counts) counts[chosen] += 1;
  }
}
