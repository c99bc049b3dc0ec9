// Stage: a prologue or epilogue with its values; what ops convert to when they join a fused kernel.
#pragma once

#include <cstdint>
#include <string_view>

#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

enum class StageKind : std::uint8_t { prologue, epilogue };

/// Which shape a stage's own tensor has; `none`: it has no tensor.
enum class StageTensor : std::uint8_t {
  none,
  columns,  ///< one value per input element, (columns,)
  rows,     ///< one value per output row, (rows,)
  result,   ///< the result's shape, (tokens, rows)
};

/// The host's half of a shader file in stages/. Lives as long as the process.
///
/// A prologue's MSL struct is `template <class X[, class T]> struct Name` with the members x, the
/// tensor if there is one, the scalar if there is one, columns (lib/prologue.metal). An epilogue's
/// is
/// `[template <class T>] struct Name` with the tensor and the scalar, if any (lib/epilogue.metal).
struct StageType {
  StageKind kind = StageKind::epilogue;
  std::string_view name;      ///< of the MSL struct, "Bias"
  std::string_view file;      ///< "stages/bias.metal"
  std::string_view argument;  ///< what the tensor is called in the signature, "bias"
  StageTensor tensor = StageTensor::none;
  bool has_scalar = false;
};

struct Stage {
  const StageType* type = nullptr;
  AnyTensor tensor;
  float scalar = 0.0f;
};

}  // namespace foundry
