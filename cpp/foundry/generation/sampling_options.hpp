// SamplingOptions: how the next token is chosen.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace foundry {

/// Python's `SamplingParameters`, by the same names, defaults and definitions (docs/ops.md); the
/// default takes the likeliest token. All of it is given at run time: nothing is fixed by an
/// export.
struct SamplingOptions {
  float temperature = 0;  ///< 0 takes the likeliest token that is left
  std::uint32_t top_k = 0;
  float top_p = 1;
  float min_p = 0;
  float typical_p = 1;
  float top_n_sigma = 0;
  float xtc_probability = 0;
  float xtc_threshold = 0.1F;
  float dynatemp_range = 0;
  float dynatemp_exponent = 1;
  float repetition_penalty = 1;
  float frequency_penalty = 0;
  float presence_penalty = 0;
  std::uint32_t penalty_window = 64;              ///< recent tokens that penalties look at
  std::map<std::int32_t, float> logit_bias = {};  ///< -infinity bans a token

  /// The likeliest token is always taken, whatever came before.
  [[nodiscard]] bool is_plain() const noexcept {
    return is_greedy() && !penalises() && logit_bias.empty();
  }
  [[nodiscard]] bool is_greedy() const noexcept {
    return top_k == 1 ||
           (temperature == 0 && dynatemp_range == 0 && typical_p == 1 && xtc_probability == 0);
  }
  /// Recent tokens change the logits.
  [[nodiscard]] bool penalises() const noexcept {
    return penalty_window > 0 &&
           (repetition_penalty != 1 || frequency_penalty != 0 || presence_penalty != 0);
  }
  friend bool operator==(const SamplingOptions&, const SamplingOptions&) = default;
};

}  // namespace foundry
