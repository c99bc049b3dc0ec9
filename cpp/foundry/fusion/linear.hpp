// FusedKernel: prologue -> matrix product(s) of one input -> epilogues, as one generated kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry {

/// One product: y = stages(weights x), or stages(activation(gate x) * (weights x)).
struct Product {
  AnyTensor weights;  ///< (rows, columns), any dtype with a policy
  /// A plain float type: (rows,) or (tokens, rows); with head stages (tokens, heads, head_dim), or
  /// with a CacheWrite (capacity, heads, head_dim).
  AnyTensor y;
  std::vector<Stage> epilogues;     ///< and head stages, in order; the store follows
  AnyTensor gate;                   ///< optional second weights, (rows, columns); any policy
  std::optional<Stage> activation;  ///< of the gate: an epilogue without a tensor
};

enum class LinearForm : std::uint8_t {
  automatic,      ///< gemv for one token, gemm for more
  gemv,           ///< one token: a simdgroup takes neighbouring rows, no barrier
  gemm,           ///< many tokens: by lanes or by matrices, whichever suits the device
  gemm_lanes,     ///< a lane is a token (shaders/stages/gemm.metal)
  gemm_matrices,  ///< on simdgroup matrices (shaders/stages/gemm_matrices.metal)
};

/// A name that lives as long as the process; equal names are one object.
[[nodiscard]] const std::string& intern(std::string_view name);

/// Up to kMaxParts products of one input in one dispatch (q, k and v; gate and up), each with a
/// policy of its own. The source is generated once per combination of dtypes and stages, not per
/// shape (head sizes excepted).
struct FusedKernel {
  static constexpr std::size_t kMaxParts = 4;

  const std::string* name = nullptr;  ///< of the kernel, interned
  std::string_view label = {};        ///< what messages call it, "Gemv"; empty: the name
  AnyTensor x;                        ///< (columns,) or (tokens, columns), a plain float type
  std::optional<Stage> prologue;
  std::vector<Product> parts;
  LinearForm form = LinearForm::automatic;
  std::uint32_t rows_per_simdgroup = 0;  ///< of gemv, 1 to 8; 0: chosen
  std::uint32_t simdgroups = 0;          ///< of a gemv's threadgroup; 0: chosen
  Scalar<std::uint32_t> start = {};      ///< position of the first token, for Rope and CacheWrite

  /// Throws ShapeError "Gemv: weights are (14336, 4096), x is (4000,): inner sizes 4096 and 4000
  /// differ", DTypeError, ArgumentError for a stage where it cannot stand, and what dispatch
  /// throws.
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  /// The generated kernel, for reading and for compiling on its own.
  [[nodiscard]] KernelDescription describe(const Device& device) const;
};

/// "mlp: x (64,) f32 -> RmsNorm -> w (256, 64) q4_0 -> Bias -> y (256,) f32".
[[nodiscard]] std::string to_string(const FusedKernel& kernel);

}  // namespace foundry
