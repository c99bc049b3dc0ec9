// The log-probability of a chosen token, and the likeliest tokens with theirs. A threadgroup takes
// a row: the threshold of the likeliest is found as top-k's is, those above it and then the first
// that are equal to it are gathered, and each finds its place by counting who goes before it.
#include "lib/non_finite.metal"
#include "lib/sampling_candidates.metal"
#include "lib/sampling_filters.metal"

kernel void log_probabilities(FOUNDRY_ARGUMENTS) {
  threadgroup float slots[32];
  threadgroup float top_logits[kMostCandidates];
  threadgroup uint top_ids[kMostCandidates];
  const uint lane = thread_index_in_simdgroup;
  const uint simdgroup = simdgroup_index_in_threadgroup;
  const uint simdgroups = simdgroups_per_threadgroup;
  const uint columns = params.columns;
  const uint row = threadgroup_position_in_grid.x;
  const AllTokens<Logit> all = {logits + ulong(row) * columns,
                                columns,
                                simdgroup * 32 + lane,
                                simdgroups * 32,
                                slots,
                                top_ids,
                                simdgroups,
                                simdgroup,
                                lane};
  const uint place = (params.position % params.capacity + row) % params.capacity;

  float highest = -INFINITY;
  for (uint k = all.thread_index; k < columns; k += all.threads) {
    const float logit = all.logit(k);
    highest = max(highest, is_nan(logit) ? INFINITY : logit);
  }
  highest = threadgroup_max(highest, slots, simdgroups, simdgroup, lane);
  const ulong first = ulong(place) * params.top;
  if (magnitude_bits(highest) >= kInfinityBits) {
    if (all.thread_index == 0) chosen[place] = NAN;
    for (uint i = all.thread_index; has_ids && i < params.top; i += all.threads) {
      ids[first + i] = Token(i);
      values[first + i] = NAN;
    }
    return;
  }
  float mass = 0.0f;
  for (uint k = all.thread_index; k < columns; k += all.threads) {
    mass += exp(all.logit(k) - highest);
  }
  const float log_mass = log(all.sum(mass));
  if (all.thread_index == 0) {
    const uint id = uint(token[row]);
    chosen[place] = id < columns ? all.logit(id) - highest - log_mass : NAN;
  }
  if (!has_ids || params.top == 0) return;

  const Kept every = {-INFINITY, highest};
  float threshold = -INFINITY;
  const LowestCandidate lowest = lowest_candidate<false>(all, every, {params.top, 0.0f, 0.0f});
  if (lowest.found) {
    const AtLeast gathered = {lowest.logit};
    const uint count = gather(all, gathered, kMostCandidates, top_logits, top_ids);
    const Candidates few = {top_logits, count, lane, 32};
    threshold = max(gathered.lowest, lowest_of_top_k(few, params.top));
    threadgroup_barrier(mem_flags::mem_threadgroup);
  } else {
    threshold = lowest_of_top_k(all, params.top);
  }
  const AtLeast above = {from_ordered_bits(ordered_bits(threshold) + 1)};
  const uint higher = threshold < highest ? gather(all, above, params.top, top_logits, top_ids) : 0;
  const Kept equal = {threshold, threshold};
  const uint most = params.top - higher;
  const uint count = higher + gather(all, equal, most, top_logits + higher, top_ids + higher);
  for (uint i = all.thread_index; i < count; i += all.threads) {
    const float logit = top_logits[i];
    const uint id = top_ids[i];
    uint before = 0;
    for (uint j = 0; j < count; ++j) {
      const bool precedes = top_logits[j] > logit || (top_logits[j] == logit && top_ids[j] < id);
      before += precedes ? 1 : 0;
    }
    ids[first + before] = Token(id);
    values[first + before] = logit - highest - log_mass;
  }
}
