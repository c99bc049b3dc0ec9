// How a kernel of experts finds its weights, inputs and results.
#pragma once

#include <cstdint>

namespace foundry::detail {

/// Shared with generated kernels of experts. Strides of weights in blocks, of rows in elements.
struct ExpertParams {
  std::uint32_t count;
  std::uint32_t used;            ///< of a token
  std::uint32_t slots_of_input;  ///< that a row of x is for: used, or 1
  std::uint32_t input_places;    ///< where groups say which row of x a place takes
  std::uint32_t weights_stride;  ///< of an expert
  std::uint32_t gate_stride;
  std::uint32_t x_stride;  ///< of a row
  std::uint32_t y_stride;
};

/// Elements of groups for so many choices: starts, slots, tokens (shaders/lib/expert_groups.metal).
[[nodiscard]] constexpr std::uint64_t elements_of_groups(std::uint64_t slots,
                                                         std::uint64_t experts) {
  return experts + 2 + 2 * slots;
}

}  // namespace foundry::detail
