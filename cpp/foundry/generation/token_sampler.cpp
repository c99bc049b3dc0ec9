#include "foundry/generation/token_sampler.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "foundry/core/error.hpp"
#include "foundry/ops/ops.hpp"

namespace foundry {

namespace {

constexpr std::uint64_t kMostAhead = 16;  // tokens that are encoded and not read
constexpr std::int32_t kNotDrawn = std::numeric_limits<std::int32_t>::min();

/// What is added to the logits; empty where nothing is.
AnyTensor bias_of(Foundry& foundry, std::uint64_t vocabulary,
                  const std::map<std::int32_t, float>& given,
                  std::span<const std::int32_t> suppressed) {
  if (given.empty() && suppressed.empty()) return {};
  AnyTensor bias = foundry.dedicated<float>({vocabulary}, "logit bias");
  const std::span<float> values = bias.host_mutable<float>();
  std::ranges::fill(values, 0.0F);
  for (const auto& [token, value] : given) {
    if (token < 0 || static_cast<std::uint64_t>(token) >= vocabulary) {
      throw ArgumentError(concat("sampling: logit_bias has token ", token, ", the vocabulary ",
                                 vocabulary, " tokens"));
    }
    values[static_cast<std::size_t>(token)] = value;
  }
  for (const std::int32_t token : suppressed) {
    values[static_cast<std::size_t>(token)] = -std::numeric_limits<float>::infinity();
  }
  return bias;
}

}  // namespace

ops::SampleSettings settings_of(const SamplingOptions& options) {
  return {
      .repetition_penalty = options.repetition_penalty,
      .frequency_penalty = options.frequency_penalty,
      .presence_penalty = options.presence_penalty,
      .dry_last_n = 0,
      .top_n_sigma = options.top_n_sigma,
      .top_k = options.top_k,
      .typical_p = options.typical_p,
      .top_p = options.top_p,
      .min_p = options.min_p,
      .xtc_probability = options.xtc_probability,
      .xtc_threshold = options.xtc_threshold,
      .temperature = options.temperature,
      .dynatemp_range = options.dynatemp_range,
      .dynatemp_exponent = options.dynatemp_exponent,
  };
}

TokenSampler::TokenSampler(Foundry& foundry, const AnyTensor& logits, const AnyTensor& token,
                           SamplingOptions options, std::span<const std::int32_t> suppressed)
    : options_(std::move(options)),
      is_plain_(options_.is_plain() && suppressed.empty()),
      ring_(foundry.dedicated<std::int32_t>(
          {std::bit_ceil(std::uint64_t{options_.penalty_window} + kMostAhead + 1)}, "tokens")),
      counts_(options_.penalises()
                  ? AnyTensor(foundry.dedicated<std::uint32_t>({logits.count()}, "token counts"))
                  : AnyTensor()),
      bias_(bias_of(foundry, logits.count(), options_.logit_bias, suppressed)),
      program_(record(foundry, logits.reshape({logits.count()}), token)) {}

Program TokenSampler::record(Foundry& foundry, const AnyTensor& logits, const AnyTensor& token) {
  const Parameter position("position");
  ops::Sample sample;
  sample.logits = logits;
  sample.token = token;
  sample.counts = counts_;
  sample.bias = bias_;
  sample.step = position + 1;
  sample.settings = settings_of(options_);
  sample.settings.seed = Parameter("seed");
  if (!is_plain_) {
    sample.scratch = foundry.dedicated<float>({logits.count()}, "sampling scratch");
  }
  ops::AppendToken append;
  append.token = token;
  append.ring = ring_;
  append.counts = counts_;
  append.position = position + 1;
  append.window = counts_ ? options_.penalty_window : 0;
  return foundry.record(
      [&] {
        if (is_plain_) {
          foundry.run(ops::Argmax{
              .x = logits.reshape({1, logits.count()}), .y = token, .finite_only = true});
        } else {
          foundry.run(sample);
        }
        foundry.run(append);
      },
      "sampler");
}

void TokenSampler::begin(std::span<const std::int32_t> tokens) {
  slots_ = ring_.host_mutable<std::int32_t>();
  std::ranges::fill(slots_, kNotDrawn);
  const std::size_t first = tokens.size() - std::min(tokens.size(), slots_.size());
  for (std::size_t i = first; i < tokens.size(); ++i) slots_[i % slots_.size()] = tokens[i];
  if (!counts_) return;
  const std::span<std::uint32_t> counts = counts_.host_mutable<std::uint32_t>();
  std::ranges::fill(counts, 0U);
  const std::size_t window = std::min<std::size_t>(options_.penalty_window, tokens.size());
  for (const std::int32_t token : tokens.last(window)) ++counts[static_cast<std::size_t>(token)];
}

void TokenSampler::encode(std::uint64_t position, std::uint64_t seed, const SharedEvent& event) {
  slots_[(position + 1) % slots_.size()] = kNotDrawn;
  const ParameterSetting seeded{"seed", seed};
  program_.replay_range("position", position, 1, &event, std::span(&seeded, is_plain_ ? 0 : 1));
}

std::int32_t TokenSampler::read(std::uint64_t position) const {
  const std::int32_t token = slots_[position % slots_.size()];
  if (token == kNotDrawn) throw DeviceError(concat("no token came for position ", position));
  if (token < 0) {
    throw DeviceError(concat("no token can be drawn for position ", position,
                             ": its logits have a NaN or an infinity, first at token ", ~token));
  }
  return token;
}

}  // namespace foundry
