// Draws a token from a row of logits, in the order of llama.cpp's default chain: what changes
// logits (bias, mask, penalties, DRY), filters (top-n-sigma, top-k, typical-p, top-p, min-p, XTC),
// temperature and the draw; with `mu`, mirostat 2 in place of the filters. Every filter keeps the
// logits between two bounds. Where top-k or top-p leave few tokens, a first guess gathers those in
// threadgroup memory, and one simdgroup does the rest; else the whole row is gone through for each
// bit of a bound. The draw walks the cumulative weights in the order of the vocabulary. One
// threadgroup does it all.
//
// Nothing can be drawn from logits with a NaN or +infinity, or from nothing but -infinity: then the
// token is ~i, below zero, where logit i is the first that is to blame.
#include "lib/dry.metal"
#include "lib/non_finite.metal"
#include "lib/random.metal"
#include "lib/sampling_candidates.metal"
#include "lib/sampling_filters.metal"

/// The logit after the penalties for having occurred `count` times (Keskar et al., "CTRL", 2019,
/// for the first one).
inline float penalised(float logit, uint count, constant SampleParams& params) {
  if (count == 0) return logit;
  const float scaled =
      logit > 0.0f ? logit / params.repetition_penalty : logit * params.repetition_penalty;
  return scaled - float(count) * params.frequency_penalty - params.presence_penalty;
}

/// What the filters leave, and the temperature that it is drawn at.
struct Choice {
  Kept kept;
  float temperature;
};

/// The filters from top-k on, and the temperature. `of_all` are the moments of what was kept of the
/// whole vocabulary, where the first filter of probabilities needs those; mass 0: it does not.
template <class Tokens>
inline Choice filtered(Tokens tokens, Kept kept, constant SampleParams& params, Moments of_all,
                       float chance) {
  // The entropy's largest value counts what no filter has taken away, be it -infinity.
  float counted = -INFINITY;
  if (has_dynamic_temperature || has_typical || has_xtc || params.temperature > 0.0f) {
    counted = lowest_of_top_k(tokens, params.top_k);
    kept.lowest = max(kept.lowest, counted);
    const bool is_known = of_all.mass > 0.0f;
    if (has_typical) {
      kept =
          typical_of(tokens, kept, params.typical_p, is_known ? of_all : moments_of(tokens, kept));
    }
    if (params.top_p < 1.0f) {
      const float mass =
          is_known && !has_typical ? of_all.mass : mass_of(tokens, kept, kept.highest);
      kept.lowest = max(kept.lowest, lowest_of_top_p(tokens, kept, params.top_p * mass));
    }
    if (params.min_p > 0.0f) {
      kept.lowest = max(kept.lowest, kept.highest + log(params.min_p));
    }
    // The most likely token survives every filter above but typical-p.
    kept.lowest = min(kept.lowest, kept.highest);
    if (has_typical || params.top_p < 1.0f || params.min_p > 0.0f) counted = kept.lowest;
    if (has_xtc && chance < params.xtc_probability) {
      kept.highest = highest_without_top_choices(tokens, kept, params.xtc_threshold);
    }
  }
  if (!has_dynamic_temperature) return {kept, params.temperature};
  const float coldest = max(0.0f, params.temperature - params.dynatemp_range);
  const float hottest = params.temperature + params.dynatemp_range;
  const float share = relative_entropy(tokens, kept, counted);
  return {kept, coldest + (hottest - coldest) * pow(share, params.dynatemp_exponent)};
}

kernel void sample(FOUNDRY_ARGUMENTS) {
  threadgroup float slots[32];
  threadgroup float candidate_logits[kMostCandidates];
  threadgroup uint candidate_ids[kMostCandidates];
  const uint lane = thread_index_in_simdgroup;
  const uint simdgroup = simdgroup_index_in_threadgroup;
  const uint simdgroups = simdgroups_per_threadgroup;
  const uint columns = params.columns;
  const AllTokens<float> all = {scratch,         columns,   simdgroup * 32 + lane,
                                simdgroups * 32, slots,     candidate_ids,
                                simdgroups,      simdgroup, lane};

  if (has_recent) {
    const RecentTokens<Token> tokens = {recent, dry.capacity, params.step};
    const DryLimits limits = {min(params.step, dry.last_n), dry.allowed_length, dry.longest,
                              dry.multiplier, dry.base};
    write_dry_penalties(scratch, columns, tokens, limits, has_breakers, breakers, candidate_ids,
                        simdgroups, simdgroup, lane);
  }
  float highest = -INFINITY;
  for (uint k = all.thread_index; k < columns; k += all.threads) {
    float logit = float(logits[k]);
    if (has_bias) logit += bias[k];
    if (has_mask && !has_bit(mask, k)) logit = -INFINITY;
    logit = penalised(logit, has_counts ? counts[k] : 0, params);
    if (has_recent) logit -= scratch[k];
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
    first = all.least(first);
    if (all.thread_index == 0) token[0] = Token(~first);
    return;
  }

  Kept kept = {-FLT_MAX, highest};  // without -infinity
  const uint4 random =
      philox(uint4(params.step, 0, 0, 0), uint2(params.seed_low, params.seed_high));
  const float at = uniform_float(random.x);
  const float chance = uniform_float(random.y);
  const bool greedy = !has_dynamic_temperature && params.temperature <= 0.0f;
  const bool filters = !has_mu && (!greedy || has_typical || has_xtc);

  if (has_top_n_sigma && filters) {
    kept.lowest = max(kept.lowest, lowest_of_top_n_sigma(all, highest, params.top_n_sigma));
  }
  const bool counts_tokens = params.top_k != 0 && params.top_k < columns;
  LowestCandidate lowest = {0.0f, false};
  Moments of_all = {0.0f, 0.0f};
  if (filters && (counts_tokens || has_typical || params.top_p < 1.0f)) {
    Wanted wanted = {params.top_k, 0.0f, 0.0f};
    if (!counts_tokens && columns > kMostCandidates) {
      if (has_typical) {
        of_all = moments_of(all, kept);
        wanted = {0, params.typical_p * of_all.mass, highest + of_all.mean};
      } else {
        of_all.mass = mass_of(all, AtLeast{kept.lowest}, highest);
        wanted = {0, params.top_p * of_all.mass, 0.0f};
      }
    }
    lowest = has_typical ? lowest_candidate<true>(all, kept, wanted)
                         : lowest_candidate<false>(all, kept, wanted);
  }
  uint chosen = 0;
  float probability = 1.0f;
  if (lowest.found) {
    const AtLeast gathered = {lowest.logit};
    const uint count = gather(all, gathered, kMostCandidates, candidate_logits, candidate_ids);
    if (simdgroup != 0) return;
    const Candidates few = {candidate_logits, count, lane, 32};
    const Choice choice = filtered(few, kept, params, of_all, chance);
    const Weights weights = weights_at(choice.temperature, choice.kept);
    const float total = simd_sum(weight_of(few, weights, 0, count, lane));
    const float target = choice.temperature > 0.0f ? at * total : 0.0f;
    chosen = candidate_ids[draw(few, weights, 0, count, lane, 0.0f, target)];
  } else {
    Choice choice = {kept, params.temperature};
    if (has_mu && !greedy) {
      const float most = mu[params.step % params.mu_capacity];
      const float surprising = lowest_of_surprise(all, weights_at(params.temperature, kept), most);
      choice.kept.lowest = max(kept.lowest, surprising);
    }
    if (filters) choice = filtered(all, kept, params, of_all, chance);
    const Weights weights = weights_at(choice.temperature, choice.kept);
    const float own = simd_sum(weight_of(all, weights, all.begin(), all.end(), lane));
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (lane == 0) slots[simdgroup] = own;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    float total = 0.0f;
    for (uint s = 0; s < simdgroups; ++s) total += slots[s];
    const float target = choice.temperature > 0.0f ? at * total : 0.0f;
    // The simdgroup whose share of the cumulative weight holds the target; should rounding put the
    // target past the end, the last one with any weight.
    uint owner = 0;
    float before = 0.0f;
    float sum = 0.0f;
    for (uint s = 0; s < simdgroups; ++s) {
      const bool reaches = slots[s] > 0.0f && sum <= target;
      owner = reaches ? s : owner;
      before = reaches ? sum : before;
      sum += slots[s];
    }
    if (simdgroup != owner) return;
    chosen = draw(all, weights, all.begin(), all.end(), lane, before, target);
    if (!greedy) probability = weights.of(all.logit(chosen)) / total;
  }
  if (lane == 0) {
    token[0] = Token(chosen);
    if (has_counts) counts[chosen] += 1;
    if (has_mu) {
      const float surprise = -log2(probability);
      const float change = params.mirostat_eta * (surprise - params.mirostat_tau);
      mu[(params.step + 1) % params.mu_capacity] = mu[params.step % params.mu_capacity] - change;
    }
  }
}
