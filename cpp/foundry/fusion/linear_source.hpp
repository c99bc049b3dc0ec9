// The MSL of a fused linear kernel, and the checks before it: private to fusion.
#pragma once

#include <array>
#include <cstdint>

#include "foundry/fusion/linear_view.hpp"

namespace foundry::detail {

/// Shared with the generated kernel.
struct LinearParams {
  std::uint32_t tokens;
  std::uint32_t columns;
  std::array<std::uint32_t, FusedKernel::kMaxParts> rows;
};

/// Shared with generated kernels that have head stages. Strides of y in elements.
struct HeadParams {
  std::uint32_t start;  ///< position of the token
  std::array<std::uint32_t, FusedKernel::kMaxParts> position_stride;
  std::array<std::uint32_t, FusedKernel::kMaxParts> head_stride;
};

/// What the tensors of a kernel say, once they fit together.
struct LinearShape {
  std::uint64_t tokens = 1;
  std::uint64_t columns = 1;
  std::uint32_t head_dim = 0;  ///< 0: no part has head stages
  bool has_head_norm = false;
};

/// Throws unless everything fits, as FusedKernel::encode documents.
[[nodiscard]] LinearShape check_linear(const FusedKernelView& kernel);

/// What is compiled into a kernel besides its dtypes and stages.
struct LinearPlan {
  LinearForm form = LinearForm::gemv;    // gemv, gemm_lanes or gemm_matrices
  bool narrow = false;                   // weights per lane: Policy::narrow or wide
  std::uint32_t rows_per_simdgroup = 4;  // of a gemv
  std::uint32_t rows_together = 4;       // whose sums are in registers at once: a divisor
  bool input_in_memory = false;          // a gemv's input is made ready in threadgroup memory
  std::uint32_t head_dim = 0;
  std::uint32_t unit = 0;  // rows of a head that a threadgroup takes; 0 without heads
};

/// Columns for which a gemv's input fits there; shaders/lib/gemv_input.metal has it too.
inline constexpr std::uint32_t kGemvInputColumns = 4096;

/// What a gemm's threadgroup takes. The shader files have the same constants; generated kernels
/// assert that they agree.
struct GemmTile {
  std::uint32_t tokens;
  std::uint32_t rows;
  std::uint32_t simdgroups;
};
/// By lanes, where a lane is a token, because a CPU's lanes are the elements of a vector register.
/// With a gate, half of the rows are the gate's.
inline constexpr GemmTile kLanesTile{64, 64, 1};
/// By matrices: a simdgroup has 16 x 32 results in 8 x 8 matrices, what an Apple GPU's registers
/// hold beside the operands. Anvil's CPU has no matrix unit to give it (benchmarks/fusion.py
/// measures both).
inline constexpr GemmTile kMatrixTile{32, 64, 4};

[[nodiscard]] inline const GemmTile& tile_of(LinearForm form) {
  return form == LinearForm::gemm_matrices ? kMatrixTile : kLanesTile;
}

/// Rows of a product that one step of the grid takes.
[[nodiscard]] std::uint32_t rows_of_tile(const LinearPlan& plan, bool is_gated);

struct StageRecipe {
  const StageType* type = nullptr;
  std::optional<DType> tensor;  ///< none: the stage has none, or it is left out
};

struct ProductRecipe {
  DType weights = DType::f32;
  std::optional<DType> gate;
  const StageType* activation = nullptr;  ///< of the gate; null: its values as they are
  DType y = DType::f32;
  std::size_t stages = 0;  ///< of the recipe's, after those of the products before it
};

/// What a fused kernel is generated from. Arguments in the order of the signature: x; the
/// prologue's tensor and scalar; per product weights, gate, stages' tensors and scalars, y;
/// LinearParams; HeadParams if there are heads.
struct FusedRecipe {
  static constexpr std::size_t kMaxStages = 32;

  const std::string* name = nullptr;  ///< interned
  DType x = DType::f32;
  LinearPlan plan = {};
  std::optional<StageRecipe> prologue = {};
  InlineVector<ProductRecipe, FusedKernel::kMaxParts> products = {};
  InlineVector<StageRecipe, kMaxStages> stages = {};

  [[nodiscard]] std::span<const StageRecipe> stages_of(std::size_t product) const;
  [[nodiscard]] KernelDescription describe() const;
};

}  // namespace foundry::detail
