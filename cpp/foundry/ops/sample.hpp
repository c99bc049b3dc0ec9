// Sample: draws a token from logits on the device: penalties, top-k, top-p, min-p, temperature.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

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
  float repetition_penalty =
      1.0f;  ///< > 0; logits of tokens that occurred are divided or multiplied
  float frequency_penalty = 0.0f;  ///< times the number of occurrences, subtracted
  float presence_penalty = 0.0f;   ///< subtracted once
  std::uint32_t top_k = 0;         ///< keep the k largest (and their equals); 0: all
  float top_p = 1.0f;              ///< then the fewest that reach this probability, in (0, 1]
  float min_p = 0.0f;              ///< then those at least this likely relative to the likeliest
  float temperature = 1.0f;        ///< 0: the largest logit
  Scalar<std::uint64_t> seed = {};
};

/// logits: (columns,), a plain float type; scratch: (columns,) f32; token: (1,) i32 or u32; counts,
/// optional: (columns,) u32, the occurrences of each token so far: the penalties read it, and the
/// drawn token is added. The draw depends on seed and step alone (Philox4x32-10), whatever the
/// device does at the same time; give each step of a sequence its own number. Logits that are -inf
/// are never drawn. Where one, after the penalties, is NaN or +inf, or all are -inf, nothing can be
/// drawn: the token is ~i (-1 - i; as u32 2^32 - 1 - i) of the first of those, and counts stay.
/// ArgumentError for settings outside of their range.
struct Sample {
  AnyTensor logits;
  AnyTensor scratch;
  AnyTensor token;
  AnyTensor counts;
  SampleSettings settings;
  Scalar<std::uint32_t> step = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

/// counts[id] += 1 for every id: a prompt for the penalties. ids: (tokens,) i32 or u32; counts:
/// (columns,) u32. Ids outside are ignored.
struct CountTokens {
  AnyTensor ids;
  AnyTensor counts;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
