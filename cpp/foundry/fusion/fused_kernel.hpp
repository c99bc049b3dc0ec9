// FusedKernel: prologue -> matrix product(s) of one input -> epilogues, as one generated kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/core/inline_vector.hpp"
#include "foundry/core/intern.hpp"
#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry {

enum class LinearForm : std::uint8_t {
  automatic,      ///< gemv for up to 8 tokens, gemm for more
  gemv,           ///< few tokens: a simdgroup takes neighbouring rows, no barrier
  gemm,           ///< many tokens: by lanes, tiles or matrices, whichever suits the device
  gemm_lanes,     ///< a lane is a token (shaders/stages/gemm.metal)
  gemm_matrices,  ///< on simdgroup matrices (shaders/stages/gemm_matrices.metal)
  gemm_tiles,     ///< on a processor's matrix units (shaders/stages/gemm_tiles.metal)
};

/// What the caller chooses of how products are computed.
struct LinearOptions {
  LinearForm form = LinearForm::automatic;
  std::uint32_t rows_per_simdgroup = 0;  ///< of gemv, 1 to 8; 0: chosen
  std::uint32_t simdgroups = 0;          ///< of a gemv's threadgroup; 0: chosen
};

inline constexpr std::size_t kMaxProducts = 4;  ///< of one fused kernel

/// Elements of scratch, bf16, with which products of so many tokens may run on matrix units.
[[nodiscard]] constexpr std::uint64_t linear_scratch(std::uint64_t tokens, std::uint64_t columns) {
  return 2 * tokens * ((columns + 31) / 32 * 32);
}

/// A fused kernel that has its tensors and stages, as an app keeps one.
struct Owned {
  using Tensor = AnyTensor;
  using OptionalStage = std::optional<Stage>;
  using Stages = std::vector<Stage>;
  template <class T>
  using Products = std::vector<T>;
};

/// One of which an operation lends its own while it encodes: nothing is copied or allocated.
/// Pointers are null where there is nothing.
struct Lent {
  using Tensor = const AnyTensor*;
  using OptionalStage = const Stage*;
  using Stages = std::span<const Stage>;
  template <class T>
  using Products = InlineVector<T, kMaxProducts>;
};

/// The experts that each token has chosen. A kernel of one product then takes for each choice that
/// expert's weights, of (experts, rows, columns). Lent by an operation.
struct ExpertRouting {
  const AnyTensor* ids = nullptr;  ///< (used,) or (tokens, used), i32 or u32
  /// ids' size, f32: a token's results are summed, each times its share. Null: each is a result.
  const AnyTensor* shares = nullptr;
  /// By ops::GroupExperts: tokens of an expert are taken together. Null: one by one.
  const AnyTensor* groups = nullptr;
};

/// One product: y = stages(weights x + up_bias), or with a gate
/// y = stages(activation(gate x + gate_bias) * (weights x + up_bias)).
template <class Held>
struct BasicProduct {
  typename Held::Tensor weights = {};  ///< (rows, columns), any dtype with a policy
  /// A plain float type: (rows,) or (tokens, rows); with head stages (tokens, heads, head_dim), or
  /// with a CacheWrite (capacity, heads, head_dim).
  typename Held::Tensor y = {};
  typename Held::Stages epilogues = {};  ///< and head stages, in order; the store follows
  typename Held::Tensor gate = {};       ///< optional second weights, (rows, columns); any policy
  typename Held::OptionalStage activation = {};  ///< an epilogue without a tensor, or a gating
  typename Held::Tensor gate_bias = {};          ///< optional, (rows,); of experts (experts, rows)
  typename Held::Tensor up_bias = {};
};

/// Up to kMaxProducts products of one input in one dispatch (q, k and v; gate and up), each with a
/// policy of its own. The source is generated once per combination of dtypes and stages, not per
/// shape (head sizes excepted).
template <class Held>
struct BasicFusedKernel {
  const std::string* name = nullptr;  ///< of the kernel, interned
  std::string_view label = {};        ///< what messages call it, "Gemv"; empty: the name
  /// (columns,) or (tokens, columns), a plain float type.
  typename Held::Tensor x = {};
  typename Held::OptionalStage prologue = {};
  typename Held::template Products<BasicProduct<Held>> products = {};
  LinearOptions options = {};
  Scalar<std::uint32_t> start = {};  ///< position of the first token, for Rope and CacheWrite
  bool ring = false;                 ///< position p goes to slot p % capacity of caches
  /// Optional: linear_scratch() elements of bf16 or more, for LinearForm::gemm_tiles.
  typename Held::Tensor scratch = {};
  /// In place of start: u32 (tokens, 2), each token's position and its sequence, an index of the
  /// outermost dimension that caches have then.
  typename Held::Tensor places = {};
  const ExpertRouting* experts = nullptr;

  /// Throws ShapeError "Gemv: weights are (14336, 4096), x is (4000,): inner sizes 4096 and 4000
  /// differ", DTypeError, ArgumentError for a stage where it cannot stand, and what dispatch
  /// throws.
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  /// The generated kernel, for reading and for compiling on its own.
  [[nodiscard]] KernelDescription describe(const Device& device) const;
};

using Product = BasicProduct<Owned>;
using FusedKernel = BasicFusedKernel<Owned>;
using LentProduct = BasicProduct<Lent>;
using LentFusedKernel = BasicFusedKernel<Lent>;

extern template struct BasicFusedKernel<Owned>;
extern template struct BasicFusedKernel<Lent>;

/// A null pointer for an optional that is empty.
[[nodiscard]] inline const Stage* pointer_to(const std::optional<Stage>& stage) noexcept {
  return stage ? &*stage : nullptr;
}

/// "mlp: x (64,) f32 -> RmsNorm -> w (256, 64) q4_0 -> Bias -> y (256,) f32".
[[nodiscard]] std::string to_string(const FusedKernel& kernel);

}  // namespace foundry
