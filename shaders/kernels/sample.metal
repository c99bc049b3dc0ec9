// Draws a token from a row of logits: penalties, then top-k, top-p and min-p, then temperature, the
// order of llama.cpp's default chain. Every filter keeps the logits above a threshold, which is
// found bit by bit on an order-preserving integer image of the floats: exact, without sorting;
// equal logits stay or go together. The draw walks the cumulative weights in the order of the
// vocabulary. One threadgroup does it all.
#include "lib/random.metal"
#include "lib/threadgroup_reduce.metal"

/// Integers in the order of the floats.
inline uint ordered_bits(float value) {
  const uint bits = as_type<uint>(value);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

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
  const uint lane = thread_index_in_simdgroup;
  const uint simdgroup = simdgroup_index_in_threadgroup;
  const uint simdgroups = simdgroups_per_threadgroup;
  const uint columns = params.columns;
  const uint thread_index = simdgroup * 32 + lane;
  const uint threads = simdgroups * 32;

  float highest = -INFINITY;
  for (uint k = thread_index; k < columns; k += threads) {
    const float logit = penalised(float(logits[k]), has_counts ? counts[k] : 0, params);
    adjusted[k] = logit;
    highest = max(highest, logit);
  }
  highest = threadgroup_max(highest, slots, simdgroups, simdgroup, lane);
  threadgroup_barrier(mem_flags::mem_device);

  uint threshold = 0;
  if (params.top_k != 0 && params.top_k < columns) {
    for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
      const uint candidate = threshold | bit;
      float kept = 0.0f;  // exact: a vocabulary has fewer than 2^24 tokens
      for (uint k = thread_index; k < columns; k += threads) {
        kept += ordered_bits(adjusted[k]) >= candidate ? 1.0f : 0.0f;
      }
      kept = threadgroup_sum(kept, slots, simdgroups, simdgroup, lane);
      if (kept >= float(params.top_k)) threshold = candidate;
    }
  }
  if (params.top_p < 1.0f) {
    float total = 0.0f;
    for (uint k = thread_index; k < columns; k += threads) {
      const float logit = adjusted[k];
      if (ordered_bits(logit) >= threshold) total += exp(logit - highest);
    }
    total = threadgroup_sum(total, slots, simdgroups, simdgroup, lane);
    uint nucleus = 0;
    for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
      const uint candidate = nucleus | bit;
      float mass = 0.0f;
      for (uint k = thread_index; k < columns; k += threads) {
        const float logit = adjusted[k];
        if (ordered_bits(logit) >= max(candidate, threshold)) mass += exp(logit - highest);
      }
      mass = threadgroup_sum(mass, slots, simdgroups, simdgroup, lane);
      if (mass >= params.top_p * total) nucleus = candidate;
    }
    threshold = max(threshold, nucleus);
  }
  if (params.min_p > 0.0f) threshold = max(threshold, ordered_bits(highest + log(params.min_p)));
  // The most likely token survives every filter.
  threshold = min(threshold, ordered_bits(highest));

  const bool greedy = params.temperature <= 0.0f;
  if (greedy) threshold = ordered_bits(highest);
  const float inverse_temperature = greedy ? 1.0f : 1.0f / params.temperature;
  const uint segment = (columns + threads - 1) / threads * 32;  // of a simdgroup
  const uint begin = min(simdgroup * segment, columns);
  const uint end = min(begin + segment, columns);
  float weight = 0.0f;
  for (uint k = begin + lane; k < end; k += 32) {
    const float logit = adjusted[k];
    if (ordered_bits(logit) >= threshold) weight += exp((logit - highest) * inverse_temperature);
  }
  const float own = simd_sum(weight);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (lane == 0) slots[simdgroup] = own;
  threadgroup_barrier(mem_flags::mem_threadgroup);

  float total = 0.0f;
  for (uint s = 0; s < simdgroups; ++s) total += slots[s];
  const uint4 random =
      philox(uint4(params.step, 0, 0, 0), uint2(params.seed_low, params.seed_high));
  const float target = greedy ? 0.0f : uniform_float(random.x) * total;
  // The simdgroup whose share of the cumulative weight holds the target; should rounding put the
  // target past the end, the last one with any weight.
  uint owner = 0;
  float before = 0.0f;
  float sum = 0.0f;
  for (uint s = 0; s < simdgroups; ++s) {
    const bool reaches = slots[s] > 0.0f && (sum <= target);
    owner = reaches ? s : owner;
    before = reaches ? sum : before;
    sum += slots[s];
  }
  if (simdgroup != owner) return;

  const uint none = 0xffffffffu;
  uint chosen = none;
  uint last = begin;
  for (uint first = begin; first < end && chosen == none; first += 32) {
    const uint k = first + lane;
    float share = 0.0f;
    if (k < end) {
      const float logit = adjusted[k];
      if (ordered_bits(logit) >= threshold) share = exp((logit - highest) * inverse_temperature);
    }
    const float reached = before + simd_prefix_inclusive_sum(share);
    chosen = simd_min(share > 0.0f && reached > target ? k : none);
    last = max(last, simd_max(share > 0.0f ? k : 0));
    before += simd_sum(share);
  }
  if (chosen == none) chosen = last;
  if (lane == 0) {
    token[0] = Token(chosen);
    if (has_counts) counts[chosen] += 1;
  }
}
