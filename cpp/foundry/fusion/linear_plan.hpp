// How a fused kernel's products are computed on a device, once its tensors fit together: private to
// fusion.
#pragma once

#include <cstdint>
#include <string>

#include "foundry/fusion/fused_kernel.hpp"
#include "foundry/kernel/dispatch_config.hpp"

namespace foundry::detail {

/// What the tensors of a kernel say, once they fit together.
struct LinearShape {
  std::uint64_t tokens = 1;  ///< rows of x
  std::uint64_t columns = 1;
  std::uint32_t head_dim = 0;      ///< 0: no product has head stages
  bool takes_whole_heads = false;  ///< for a head norm, or for blocks of a cache
  std::uint64_t results = 1;       ///< rows of y
  std::uint64_t experts = 0;       ///< 0: no ExpertRouting
  std::uint64_t used = 0;          ///< experts of a token
  std::uint64_t slots = 0;         ///< of all tokens: the elements of ids
};

/// Throws unless everything fits, as FusedKernel::encode documents.
[[nodiscard]] LinearShape check_linear(const LentFusedKernel& kernel);

/// What the routing says of x and y, once x is known; throws unless ids, shares and groups fit.
void check_routing(const LentFusedKernel& kernel, LinearShape& x);
/// Weights of experts: their rank, and no gaps but between experts.
void check_expert_weights(const LentFusedKernel& kernel, const LinearShape& x, const char* what,
                          const AnyTensor& weights);
/// x and y of experts: gaps between their rows, where nothing else takes them for whole.
void check_expert_rows(const LentFusedKernel& kernel);
/// Elements from a row of it to the next, of x or y of experts.
[[nodiscard]] std::uint32_t row_stride(const LentFusedKernel& kernel, const char* what,
                                       const AnyTensor& rows);
[[noreturn]] void fail_shape(const LentFusedKernel& kernel, const std::string& what);

/// Of weights, (rows, columns) or (experts, rows, columns).
[[nodiscard]] inline std::uint64_t rows_of(const AnyTensor& weights) {
  return weights.extents()[weights.rank() - 2];
}

/// What is compiled into a kernel besides its dtypes and stages.
struct LinearPlan {
  LinearForm form = LinearForm::gemv;    // gemv or a gemm's, by what
  bool narrow = false;                   // weights per lane: Policy::narrow or wide
  std::uint32_t rows_per_simdgroup = 4;  // of a gemv
  std::uint32_t rows_together = 4;       // whose sums are in registers at once
  std::uint32_t tiles = 1;               // that a simdgroup sums over a token's experts
  std::uint32_t few_tokens = 0;          // of an expert, which a gemm leaves to a gemv
  bool input_in_memory = false;          // a gemv's input is made ready in threadgroup memory
  std::uint32_t tokens_together = 0;     // of a gemv's threadgroup; 0: x is one token
  std::uint32_t head_dim = 0;
  std::uint32_t unit = 0;  // rows of a head that a threadgroup takes; 0 without heads
};

/// Columns for which a gemv's input fits there, of all tokens that a threadgroup takes, and how
/// many those are at most; shaders/lib/gemv_input.metal has both too.
inline constexpr std::uint32_t kGemvInputColumns = 4096;
inline constexpr std::uint32_t kGemvTokensTogether = 4;
/// Tokens of a gemv at most.
inline constexpr std::uint32_t kGemvTokens = 8;

/// What a gemm's threadgroup takes. The shader files have the same constants; generated kernels
/// assert that they agree.
struct GemmTile {
  std::uint32_t tokens;
  std::uint32_t rows;
  std::uint32_t simdgroups;
};
/// By lanes, where a lane is a token, because a CPU's lanes are the elements of a vector register.
/// With a gate, half of the rows are the gate's.
inline constexpr GemmTile kLanesTile{.tokens = 64, .rows = 64, .simdgroups = 1};
/// By matrices: a simdgroup has 16 x 32 results in 8 x 8 matrices, what an Apple GPU's registers
/// hold beside the operands. Anvil's CPU has no matrix unit to give it (benchmarks/fusion.py
/// measures both).
inline constexpr GemmTile kMatrixTile{.tokens = 32, .rows = 64, .simdgroups = 4};

/// By a processor's matrix units: as many tokens as pay for decoding weights, and as many rows as
/// LinearPlan::rows_together, a multiple of these. With a gate there are as many rows of the
/// gate's.
inline constexpr GemmTile kTilesTile{.tokens = 512, .rows = 32, .simdgroups = 1};

[[nodiscard]] inline const GemmTile& tile_of(LinearForm form) {
  if (form == LinearForm::gemm_tiles) return kTilesTile;
  return form == LinearForm::gemm_matrices ? kMatrixTile : kLanesTile;
}

/// Rows of a product that one step of the grid takes.
[[nodiscard]] std::uint32_t rows_of_tile(const LinearPlan& plan, bool is_gated);

/// ArgumentError for options that are impossible.
[[nodiscard]] LinearPlan plan_of(const LentFusedKernel& kernel, const LinearShape& shape,
                                 const Device& device);
/// Of the gemv to which a gemm of that plan leaves what is left over of an expert's tokens.
[[nodiscard]] LinearPlan plan_of_few(const LentFusedKernel& kernel, const LinearShape& shape,
                                     const Device& device, const LinearPlan& gemm);
[[nodiscard]] DispatchConfig config_of(const LentFusedKernel& kernel, const LinearPlan& plan,
                                       const LinearShape& shape);

/// What messages call the kernel.
[[nodiscard]] inline std::string_view label_of(const LentFusedKernel& kernel) noexcept {
  return kernel.label.empty() ? std::string_view(*kernel.name) : kernel.label;
}

}  // namespace foundry::detail
