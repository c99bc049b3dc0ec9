// Stage: a prologue or what follows a product, with its values; what ops convert to when they join
// a fused kernel.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

/// In the order in which stages stand in a kernel.
enum class StageKind : std::uint8_t {
  prologue,   ///< where the product takes its input from
  epilogue,   ///< changes one result by itself
  head_norm,  ///< needs a head's results all at once
  head_turn,  ///< needs the two results of a pair at once
  store,      ///< says where results go
};

/// Which shape a stage's own tensor has; `none`: it has no tensor.
enum class StageTensor : std::uint8_t {
  none,
  columns,  ///< one value per input element, (columns,)
  rows,     ///< one value per output row, (rows,)
  result,   ///< the result's shape, (tokens, rows)
  head,     ///< one value per element of a head, (head_dim,)
  pairs,    ///< one value per pair of a head, (head_dim / 2,)
};

/// The host's half of a shader file in stages/. Lives as long as the process.
///
/// A prologue's MSL struct is `template <class X[, class T]> struct Name` with the members x, the
/// tensor if there is one, the scalar if there is one, columns (lib/prologue.metal). All others are
/// `[template <class T>] struct Name` with the tensor and the scalar, if any (lib/epilogue.metal,
/// lib/heads.metal).
struct StageType {
  StageKind kind = StageKind::epilogue;
  std::string_view name = {};      ///< of the MSL struct, "Bias"
  std::string_view file = {};      ///< "stages/bias.metal"
  std::string_view argument = {};  ///< what the tensor is called in the signature, "bias"
  StageTensor tensor = StageTensor::none;
  bool has_scalar = false;
  bool is_optional = false;     ///< the tensor may be left out; the struct then gets a null pointer
  bool is_interleaved = false;  ///< head_turn: pairs are (2i, 2i + 1), not (i, i + head_dim / 2)

  bool operator==(const StageType&) const = default;
};

struct Stage {
  const StageType* type = nullptr;
  AnyTensor tensor = {};
  float scalar = 0.0f;
};

/// "a prologue", "an epilogue", "a head stage", "a store".
[[nodiscard]] std::string_view describe(StageKind kind) noexcept;
/// "columns".
[[nodiscard]] std::string_view name_of(StageTensor tensor) noexcept;

/// Why `added` cannot follow the stages before it in a product; empty if it can.
[[nodiscard]] std::string refusal(std::span<const Stage> before, const Stage& added);

/// Whether the stage needs results taken as heads: everything after the epilogues.
[[nodiscard]] inline bool is_head_stage(const StageType& type) noexcept {
  return type.kind > StageKind::epilogue;
}

}  // namespace foundry
