// FusedRecipe: what a fused kernel's source is instantiated from: private to fusion.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "foundry/fusion/linear_plan.hpp"
#include "foundry/fusion/stage_source.hpp"

namespace foundry::detail {

/// Shared with the generated kernel.
struct LinearParams {
  std::uint32_t tokens;
  std::uint32_t columns;
  std::array<std::uint32_t, kMaxProducts> rows;
};

/// Shared with generated kernels that have head stages. Strides of y in elements, or in blocks.
struct HeadParams {
  std::uint32_t start;  ///< position of the token
  std::array<std::uint32_t, kMaxProducts> position_stride;
  std::array<std::uint32_t, kMaxProducts> head_stride;
  std::array<std::uint32_t, kMaxProducts> slots;  ///< of a ring: p goes to p % slots
  std::array<std::uint32_t, kMaxProducts> sequence_stride;
};

struct ProductRecipe {
  DType weights = DType::f32;
  std::optional<DType> gate = {};
  const StageType* activation = nullptr;  ///< of the gate; null: its values as they are
  std::optional<DType> gate_bias = {};
  std::optional<DType> up_bias = {};
  DType y = DType::f32;
  std::size_t stages = 0;  ///< of the recipe's, after those of the products before it
};

struct ExpertRecipe {
  DType ids = DType::i32;
  bool sums = false;  ///< the results of a token, with shares
};

/// Arguments in the order of the signature: x, or its planes on matrix units; the prologue's
/// tensors and scalars; of experts ids, or groups, and shares; per product weights, gate with what
/// belongs to it, stages' tensors and scalars, y; places; LinearParams; HeadParams if there are
/// heads, ExpertParams if there are experts.
struct FusedRecipe {
  static constexpr std::size_t kMaxStages = 32;

  const std::string* name = nullptr;  ///< interned
  DType x = DType::f32;
  LinearPlan plan = {};
  bool has_places = false;
  std::optional<ExpertRecipe> experts = {};
  std::optional<StageRecipe> prologue = {};
  InlineVector<ProductRecipe, kMaxProducts> products = {};
  InlineVector<StageRecipe, kMaxStages> stages = {};

  [[nodiscard]] std::span<const StageRecipe> stages_of(std::size_t product) const;
  [[nodiscard]] KernelDescription describe() const;
};

}  // namespace foundry::detail
