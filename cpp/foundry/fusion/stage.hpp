// Stage: a prologue or what follows a product, with its values; what ops convert to when they join
// a fused kernel.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

/// In the order in which stages stand in a kernel; a head norm may also follow the head turn.
enum class StageKind : std::uint8_t {
  prologue,   ///< where the product takes its input from
  gating,     ///< changes the results of a product and of its gate, which are then multiplied
  epilogue,   ///< changes one result by itself
  head_norm,  ///< needs a head's results all at once
  head_turn,  ///< needs the two results of a pair at once
  store,      ///< says where results go
};

/// Which shape a stage's own tensor has; `none`: there is no tensor.
enum class StageTensor : std::uint8_t {
  none,
  columns,  ///< one value per input element, (columns,)
  input,    ///< the input's shape, (tokens, columns)
  rows,     ///< one value per output row, (rows,)
  tokens,   ///< one value per token, (tokens,)
  result,   ///< the result's shape, (tokens, rows)
  head,     ///< one value per element of a head, (head_dim,)
  pairs,    ///< one value per turned pair of a head, (dims / 2,)
};

inline constexpr std::size_t kMaxStageTensors = 4;
inline constexpr std::size_t kMaxStageScalars = 4;

/// A tensor that a stage has.
struct StageOperand {
  std::string_view argument = {};  ///< what it is called in the signature, "bias"
  StageTensor shape = StageTensor::none;
  bool is_optional = false;  ///< left out, it is a null Absent* (lib/common.metal)
  bool is_written = false;   ///< it is a result, of a prologue

  bool operator==(const StageOperand&) const = default;
};

/// The host's half of a shader file in stages/. Lives as long as the process.
///
/// A prologue's MSL struct is `template <class X[, class T...]> struct Name` with the members x,
/// its tensors, its scalars, columns (lib/prologue.metal). All others are `[template <class T...>]
/// struct Name` with the tensors and the scalars, if any (lib/epilogue.metal, lib/heads.metal); a
/// gating is two epilogues, Name of the gate and NameValue of the product, with the same scalars.
struct StageType {
  StageKind kind = StageKind::epilogue;
  std::string_view name = {};                               ///< of the MSL struct, "Bias"
  std::string_view file = {};                               ///< "stages/bias.metal"
  std::array<StageOperand, kMaxStageTensors> tensors = {};  ///< those that are none come last
  std::uint8_t scalars = 0;
  bool is_interleaved = false;  ///< head_turn: pairs are (2i, 2i + 1), not (i, i + dims / 2)

  bool operator==(const StageType&) const = default;
};

struct Stage {
  const StageType* type = nullptr;
  std::array<AnyTensor, kMaxStageTensors> tensors = {};
  std::array<float, kMaxStageScalars> scalars = {};
  std::uint32_t dims = 0;  ///< head_turn: elements of a head that are turned; 0: all of it
};

/// "a prologue", "a gating", "an epilogue", "a head stage", "a store".
[[nodiscard]] std::string_view describe(StageKind kind) noexcept;
/// "columns".
[[nodiscard]] std::string_view name_of(StageTensor tensor) noexcept;

/// Why `added` cannot follow the stages before it in a product; empty if it can.
[[nodiscard]] std::string refusal(std::span<const Stage> before, const Stage& added);

/// Whether the stage has a tensor at `index`, and it is not left out.
[[nodiscard]] inline bool has_tensor(const Stage& stage, std::size_t index) noexcept {
  return stage.type->tensors.at(index).shape != StageTensor::none && stage.tensors.at(index);
}

/// Whether the stage needs results taken as heads: everything after the epilogues.
[[nodiscard]] inline bool is_head_stage(const StageType& type) noexcept {
  return type.kind > StageKind::epilogue;
}

}  // namespace foundry
