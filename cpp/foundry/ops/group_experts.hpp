// GroupExperts: the choices of many tokens by expert, for products that take an expert's together.
#pragma once

#include "foundry/fusion/expert_params.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/group_experts.metal.
struct GroupExpertsParams {
  std::uint32_t slots;
  std::uint32_t used;
  std::uint32_t experts;
};

struct GroupExperts {
  AnyTensor ids;
  AnyTensor groups;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Which tokens each expert takes: with it ExpertGatedLinear and ExpertLinear take an expert's "
      "tokens together, so that its weights are read once for them. An id that is no expert is in "
      "a "
      "group of its own, whose results are NaN.",
      read<&GroupExperts::ids>(Elements::index, "(tokens, used)"),
      write<&GroupExperts::groups>(
          Elements::any, "expert_groups(tokens, used, experts) elements, up to 512 experts; u32"));
};

/// Elements of groups.
[[nodiscard]] constexpr std::uint64_t expert_groups(std::uint64_t tokens, std::uint64_t used,
                                                    std::uint64_t experts) {
  return detail::elements_of_groups(tokens * used, experts);
}

}  // namespace foundry::ops
