// ChooseExperts: which experts of a mixture take a token, and their shares of its result.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// What logits become before shares are taken of them. The shader has the same numbers.
enum class ExpertGating : std::uint8_t { softmax, sigmoid, softmax_of_chosen };
template <>
inline constexpr auto kChoices<ExpertGating> = choices<ExpertGating>(
    "What becomes of an expert's logit.",
    {{ExpertGating::softmax, "softmax", "softmax over all experts (Mixtral, Qwen)"},
     {ExpertGating::sigmoid, "sigmoid", "each by itself (DeepSeek V3, GLM 4.5)"},
     {ExpertGating::softmax_of_chosen, "softmax_of_chosen",
      "they are chosen by their logits, softmax over those (gpt-oss)"}});

/// Shared with shaders/kernels/choose_experts.metal.
struct ChooseExpertsParams {
  std::uint32_t experts;
  std::uint32_t used;
  std::uint32_t gating;
  std::uint32_t normalised;
  std::uint32_t groups;
  std::uint32_t groups_used;
  float scale;
};

inline constexpr std::uint32_t kMostExperts = 512;     ///< a lane of a simdgroup has 16
inline constexpr std::uint32_t kMostUsedExperts = 32;  ///< a lane each
inline constexpr std::uint32_t kMostExpertGroups = 32;

struct ChooseExperts {
  AnyTensor logits;
  AnyTensor ids;
  AnyTensor shares;
  AnyTensor bias = {};
  ExpertGating gating = ExpertGating::softmax;
  bool normalised = false;
  float scale = 1.0f;
  std::uint32_t groups = 1;
  std::uint32_t groups_used = 1;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "The experts with the highest gates of every token, the highest first, of equal ones the "
      "first; and their shares of its result: the gates, with `normalised` over their sum, times "
      "scale. A NaN among a token's gates makes its shares NaN; its ids are experts all the same. "
      "As llama.cpp has it, which takes a sum of at least 2^-14.",
      read<&ChooseExperts::logits>(Elements::floats,
                                   "(experts,) or (tokens, experts), up to 512 experts"),
      write<&ChooseExperts::ids>(Elements::index, "(used,) or (tokens, used), up to 32"),
      write<&ChooseExperts::shares>(Elements::any, "ids' size; f32"), ByName{},
      optional_read<&ChooseExperts::bias>(
          Elements::floats, "(experts,), added to the gates for the choice, not for the shares"),
      setting<&ChooseExperts::gating>("what becomes of a logit"),
      setting<&ChooseExperts::normalised>("a token's shares are divided by their sum"),
      setting<&ChooseExperts::scale>("of the shares"),
      setting<&ChooseExperts::groups>(
          "neighbouring experts are groups, so many: only those of the best groups are chosen"),
      setting<&ChooseExperts::groups_used>(
          "the groups whose two highest gates together are highest"));
};

}  // namespace foundry::ops
