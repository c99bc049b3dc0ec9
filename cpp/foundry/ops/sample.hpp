// Sample: draws a token from logits on the device, through llama.cpp's chain of samplers.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/sample.metal.
struct SampleParams {
  std::uint32_t columns;
  float repetition_penalty;
  float frequency_penalty;
  float presence_penalty;
  float top_n_sigma;
  std::uint32_t top_k;
  float typical_p;
  float top_p;
  float min_p;
  float xtc_probability;
  float xtc_threshold;
  float temperature;
  float dynatemp_range;
  float dynatemp_exponent;
  float mirostat_tau;
  float mirostat_eta;
  std::uint32_t mu_capacity;
  std::uint32_t seed_low;
  std::uint32_t seed_high;
  std::uint32_t step;
};

/// The same of DRY.
struct DryParams {
  std::uint32_t capacity;  // of the ring of recent tokens
  std::uint32_t last_n;
  std::uint32_t allowed_length;
  std::uint32_t longest;  // the penalty of what is longer is this length's
  float multiplier;
  float base;
};

/// Shared with shaders/kernels/count_tokens.metal.
struct CountTokensParams {
  std::uint32_t tokens;
  std::uint32_t columns;
};

/// In the order in which they act, which is that of llama.cpp's default chain.
struct SampleSettings {
  float repetition_penalty = 1.0f;
  float frequency_penalty = 0.0f;
  float presence_penalty = 0.0f;
  float dry_multiplier = 0.0f;
  float dry_base = 1.75f;
  std::uint32_t dry_allowed_length = 2;
  std::uint32_t dry_last_n = 64;
  float top_n_sigma = 0.0f;
  std::uint32_t top_k = 0;
  float typical_p = 1.0f;
  float top_p = 1.0f;
  float min_p = 0.0f;
  float xtc_probability = 0.0f;
  float xtc_threshold = 0.1f;
  float temperature = 1.0f;
  float dynatemp_range = 0.0f;
  float dynatemp_exponent = 1.0f;
  float mirostat_tau = 5.0f;
  float mirostat_eta = 0.1f;
  Scalar<std::uint64_t> seed = {};

  static constexpr auto fields = std::tuple(
      setting<&SampleSettings::repetition_penalty>(
          "above 0; logits of tokens that occurred are divided by it if positive, else multiplied"),
      setting<&SampleSettings::frequency_penalty>("times the number of occurrences, subtracted"),
      setting<&SampleSettings::presence_penalty>("subtracted once from tokens that occurred"),
      setting<&SampleSettings::dry_multiplier>(
          "0 or above, with recent: times dry_base^(length - dry_allowed_length), subtracted from "
          "tokens that would go on with a repetition of that length or longer"),
      setting<&SampleSettings::dry_base>("1 or above"),
      setting<&SampleSettings::dry_allowed_length>("tokens of a repetition that go free"),
      setting<&SampleSettings::dry_last_n>("recent tokens that repetitions are looked for in"),
      setting<&SampleSettings::top_n_sigma>(
          "keep logits within so many standard deviations of the highest; 0: all"),
      setting<&SampleSettings::top_k>("keep the k largest and their equals; 0: all"),
      setting<&SampleSettings::typical_p>(
          "then the fewest above this probability, those first whose surprise is nearest to the "
          "entropy, in (0, 1]"),
      setting<&SampleSettings::top_p>("then the fewest that reach this probability, in (0, 1]"),
      setting<&SampleSettings::min_p>("then those at least this likely relative to the likeliest"),
      setting<&SampleSettings::xtc_probability>(
          "of leaving out, then, all tokens of the probability xtc_threshold or more but the least "
          "likely of them"),
      setting<&SampleSettings::xtc_threshold>("in [0, 1]"),
      setting<&SampleSettings::temperature>("0 takes the largest logit that is left"),
      setting<&SampleSettings::dynatemp_range>(
          "above 0: the temperature is from temperature - range, but not below 0, to temperature + "
          "range, by the entropy of what is left relative to that of as many equal tokens"),
      setting<&SampleSettings::dynatemp_exponent>("of the relative entropy; 0 or above"),
      setting<&SampleSettings::mirostat_tau>("with mu: the surprise in bits to keep to"),
      setting<&SampleSettings::mirostat_eta>("with mu: how fast mu follows"),
      setting<&SampleSettings::seed>("another one, other draws"));
};

/// ArgumentError for a value outside of its range.
void check_settings(const SampleSettings& settings);

struct Sample {
  AnyTensor logits;
  AnyTensor scratch;
  AnyTensor token;
  AnyTensor counts = {};
  AnyTensor bias = {};
  AnyTensor mask = {};
  AnyTensor recent = {};
  AnyTensor breakers = {};
  AnyTensor mu = {};
  SampleSettings settings;
  Scalar<std::uint32_t> step = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Draws a token in the order of llama.cpp's default chain: bias and mask, penalties, DRY, "
      "top-n-sigma, top-k, typical-p, top-p, min-p, XTC, temperature, dynamic or not, and the "
      "draw; or, with mu, mirostat 2 in place of the filters. Equal logits stay or go together. "
      "The draw depends on seed and step alone (Philox4x32-10), whatever the device does at the "
      "same time; each step of a sequence takes its own number. Logits that are -inf are never "
      "drawn. Where one, after bias, mask and penalties, is NaN or +inf, or all are -inf, nothing "
      "can be drawn: the token is ~i, below zero, of the first of those, and counts and mu stay. "
      "ArgumentError for settings outside of their range, and for filters beside mu.",
      read<&Sample::logits>(Elements::floats, "(columns,)"),
      write<&Sample::scratch>(Elements::any, "(columns,); f32; with recent, not the logits")
          .may_be<&Sample::logits>(),
      write<&Sample::token>(Elements::index, "(1,)"),
      optional_read_write<&Sample::counts>(Elements::any,
                                           "(columns,); u32: the occurrences of each token so far, "
                                           "which the penalties read; the drawn token is added"),
      ByName{}, optional_read<&Sample::bias>(Elements::any, "(columns,); f32: added to the logits"),
      optional_read<&Sample::mask>(Elements::any,
                                   "(ceil(columns / 32),); u32: bit i % 32 of word i / 32 is set "
                                   "for the tokens that may be drawn"),
      optional_read<&Sample::recent>(Elements::index,
                                     "(capacity,), token's dtype, as AppendToken writes it up to "
                                     "position step - 1: what DRY reads; dry_last_n or longer"),
      optional_read<&Sample::breakers>(Elements::any,
                                       "as mask: tokens that DRY finds no repetition across"),
      optional_read_write<&Sample::mu>(Elements::any,
                                       "(capacity,); f32, 2 at least: mirostat's mu before the "
                                       "draw at step % capacity; the one after is written behind"),
      inside<&Sample::settings>(SampleSettings::fields),
      setting<&Sample::step>(
          "number of the draw; with recent, the position of the token that is drawn"));
};

struct CountTokens {
  AnyTensor ids;
  AnyTensor counts;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "counts[id] += 1 for every id: a prompt for the penalties of Sample. Ids outside are "
      "ignored.",
      read<&CountTokens::ids>(Elements::index, "(tokens,)"),
      read_write<&CountTokens::counts>(Elements::any, "(columns,); u32"));
};

}  // namespace foundry::ops
