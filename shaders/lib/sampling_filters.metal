// The filters of `sample`: each moves a bound of what is kept, found bit by bit, which is exact
// without sorting. Equal logits stay or go together. Definitions are those of llama.cpp's samplers.
#pragma once
#include "lib/sampling.metal"

/// The k-th largest logit.
template <class Tokens>
inline float lowest_of_top_k(Tokens tokens, uint top_k) {
  if (top_k == 0 || top_k >= tokens.count) return -INFINITY;
  uint threshold = 0;
  for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
    const uint candidate = threshold | bit;
    const float lowest = from_ordered_bits(candidate);
    float count = 0.0f;  // exact: a vocabulary has fewer than 2^24 tokens
    for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
      count += tokens.logit(k) >= lowest ? 1.0f : 0.0f;
    }
    if (tokens.sum(count) >= float(top_k)) threshold = candidate;
  }
  return from_ordered_bits(threshold);
}

/// From `n` standard deviations of all logits but -infinity below the highest (Tang et al.,
/// "Top-n-sigma", 2024).
template <class Tokens>
inline float lowest_of_top_n_sigma(Tokens tokens, float highest, float n) {
  float count = 0.0f;
  float sum = 0.0f;
  for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
    const float logit = tokens.logit(k);
    if (logit == -INFINITY) continue;
    count += 1.0f;
    sum += highest - logit;
  }
  count = tokens.sum(count);
  const float mean = highest - tokens.sum(sum) / count;
  float squares = 0.0f;
  for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
    const float logit = tokens.logit(k);
    if (logit != -INFINITY) squares += (logit - mean) * (logit - mean);
  }
  return highest - n * sqrt(tokens.sum(squares) / count);
}

/// Of what is kept: the sum of exp(logit - top), and the mean of logit - top by these weights. The
/// entropy is log(mass) - mean.
struct Moments {
  float mass;
  float mean;
};

template <class Tokens>
inline Moments moments_of(Tokens tokens, Kept kept) {
  const float top = kept.highest;
  float mass = 0.0f;
  float sum = 0.0f;
  for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
    const float logit = tokens.logit(k);
    if (!kept.holds(logit)) continue;
    const float weight = exp(logit - top);
    mass += weight;
    sum += weight * (logit - top);
  }
  mass = tokens.sum(mass);
  return {mass, tokens.sum(sum) / mass};
}

/// The fewest tokens of more than the probability `p`, those first whose surprise is nearest to the
/// entropy (Meister et al., "Locally Typical Sampling", 2022). That is the distance of a logit from
/// their mean, and what is near a number lies between two bounds.
template <class Tokens>
inline Kept typical_of(Tokens tokens, Kept kept, float p, Moments moments) {
  const float top = kept.highest;
  const float allowed = p * moments.mass;
  // By way of another lane, lest relaxed math put the two sums of a distance in another order in
  // one of the loops.
  const float mean = simd_broadcast(top + moments.mean, 0);
  uint farthest = 0;  // the bits of a distance, in their order as none is negative
  for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
    const uint candidate = farthest | bit;
    float nearer = 0.0f;
    for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
      const float logit = tokens.logit(k);
      const uint distance = as_type<uint>(abs(logit - mean));
      if (kept.holds(logit) && distance < candidate) nearer += exp(logit - top);
    }
    if (tokens.sum(nearer) <= allowed) farthest = candidate;
  }
  uint lowest = 0xffffffffu;
  uint highest = 0;
  for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
    const float logit = tokens.logit(k);
    const uint distance = as_type<uint>(abs(logit - mean));
    if (!kept.holds(logit) || distance > farthest) continue;
    lowest = min(lowest, ordered_bits(logit));
    highest = max(highest, ordered_bits(logit));
  }
  return {from_ordered_bits(tokens.least(lowest)), from_ordered_bits(~tokens.least(~highest))};
}

/// The sum of exp(logit - top) of what is kept.
template <class Tokens, class Bounds>
inline float mass_of(Tokens tokens, Bounds kept, float top) {
  float mass = 0.0f;
  for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
    const float logit = tokens.logit(k);
    mass += kept.holds(logit) ? exp(logit - top) : 0.0f;
  }
  return tokens.sum(mass);
}

/// The fewest of the likeliest tokens that have the mass `needed`.
template <class Tokens>
inline float lowest_of_top_p(Tokens tokens, Kept kept, float needed) {
  const float top = kept.highest;
  uint nucleus = 0;
  for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
    const uint candidate = nucleus | bit;
    const Kept inner = {max(from_ordered_bits(candidate), kept.lowest), kept.highest};
    float mass = 0.0f;
    for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
      const float logit = tokens.logit(k);
      if (inner.holds(logit)) mass += exp(logit - top);
    }
    if (tokens.sum(mass) >= needed) nucleus = candidate;
  }
  return from_ordered_bits(nucleus);
}

/// The highest that is left without the top choices: of the tokens with the probability `threshold`
/// or more only the least likely stays (XTC, "exclude top choices").
template <class Tokens>
inline float highest_without_top_choices(Tokens tokens, Kept kept, float threshold) {
  const float top = kept.highest;
  const float heavy = threshold * mass_of(tokens, kept, top);
  uint least = ordered_bits(top);
  for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
    const float logit = tokens.logit(k);
    if (kept.holds(logit) && exp(logit - top) >= heavy) least = min(least, ordered_bits(logit));
  }
  return from_ordered_bits(tokens.least(least));
}

/// The entropy of what is kept in units of the largest that as many tokens may have as there are
/// from `counted` on.
template <class Tokens>
inline float relative_entropy(Tokens tokens, Kept kept, float counted) {
  const Kept candidates = {counted, kept.highest};
  float count = 0.0f;
  for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
    count += candidates.holds(tokens.logit(k)) ? 1.0f : 0.0f;
  }
  count = tokens.sum(count);
  const Moments moments = moments_of(tokens, kept);
  return count > 1.0f ? max(0.0f, (log(moments.mass) - moments.mean) / log(count)) : 0.0f;
}

/// Mirostat 2: tokens whose surprise is `mu` bits at most (Basu et al., 2021), at a temperature's
/// inverse.
template <class Tokens>
inline float lowest_of_surprise(Tokens tokens, Weights all, float mu) {
  float mass = 0.0f;
  for (uint k = tokens.thread_index; k < tokens.count; k += tokens.threads) {
    mass += all.of(tokens.logit(k));
  }
  // exp(scaled) / mass >= 2^-mu, where scaled = (logit - top) / temperature.
  const float scaled = log(tokens.sum(mass)) - mu * 0.693147181f;
  return all.kept.highest + min(scaled / all.inverse_temperature, 0.0f);
}
