// Sample: draws a token from logits on the device: penalties, top-k, top-p, min-p, temperature.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/sample.metal.
struct SampleParams {
  std::uint32_t columns;
  std::uint32_t top_k;
  float top_p;
  float min_p;
  float temperature;
  float repetition_penalty;
  float frequency_penalty;
  float presence_penalty;
  std::uint32_t seed_low;
  std::uint32_t seed_high;
  std::uint32_t step;
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
  std::uint32_t top_k = 0;
  float top_p = 1.0f;
  float min_p = 0.0f;
  float temperature = 1.0f;
  Scalar<std::uint64_t> seed = {};

  static constexpr auto fields = std::tuple(
      setting<&SampleSettings::repetition_penalty>(
          "above 0; logits of tokens that occurred are divided by it if positive, else multiplied"),
      setting<&SampleSettings::frequency_penalty>("times the number of occurrences, subtracted"),
      setting<&SampleSettings::presence_penalty>("subtracted once from tokens that occurred"),
      setting<&SampleSettings::top_k>("keep the k largest and their equals; 0: all"),
      setting<&SampleSettings::top_p>("then the fewest that reach this probability, in (0, 1]"),
      setting<&SampleSettings::min_p>("then those at least this likely relative to the likeliest"),
      setting<&SampleSettings::temperature>("0 takes the largest logit"),
      setting<&SampleSettings::seed>("another one, other draws"));
};

struct Sample {
  AnyTensor logits;
  AnyTensor scratch;
  AnyTensor token;
  AnyTensor counts;
  SampleSettings settings;
  Scalar<std::uint32_t> step = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Draws a token: penalties, top-k, top-p, min-p, temperature, in the order of llama.cpp's "
      "default chain. The draw depends on seed and step alone (Philox4x32-10), whatever the device "
      "does at the same time; each step of a sequence takes its own number. Logits that are -inf "
      "are never drawn. Where one, after the penalties, is NaN or +inf, or all are -inf, nothing "
      "can be drawn: the token is ~i, below zero, of the first of those, and counts stay. "
      "ArgumentError for settings outside of their range.",
      read<&Sample::logits>(Elements::floats, "(columns,)"),
      write<&Sample::scratch>(Elements::any, "(columns,); f32").may_be<&Sample::logits>(),
      write<&Sample::token>(Elements::index, "(1,)"),
      optional_read_write<&Sample::counts>(Elements::any,
                                           "(columns,); u32: the occurrences of each token so far, "
                                           "which the penalties read; the drawn token is added"),
      ByName{}, inside<&Sample::settings>(SampleSettings::fields),
      setting<&Sample::step>("number of the draw"));
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
