#include "foundry/ops/epilogues.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kBias{StageKind::epilogue, "Bias", "stages/bias.metal", "bias",
                          StageTensor::rows,   false};
constexpr StageType kResidual{StageKind::epilogue, "Residual",          "stages/residual.metal",
                              "residual",          StageTensor::result, false};
constexpr StageType kSilu{StageKind::epilogue, "Silu", "stages/silu.metal", "",
                          StageTensor::none,   false};
constexpr StageType kGelu{StageKind::epilogue, "Gelu", "stages/gelu.metal", "",
                          StageTensor::none,   false};

}  // namespace

Bias::operator Stage() const {
  return {&kBias, bias, 0.0f};
}
Residual::operator Stage() const {
  return {&kResidual, residual, 0.0f};
}
Silu::operator Stage() const {
  return {&kSilu, {}, 0.0f};
}
Gelu::operator Stage() const {
  return {&kGelu, {}, 0.0f};
}

}  // namespace foundry::ops
