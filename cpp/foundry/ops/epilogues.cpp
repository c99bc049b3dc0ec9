#include "foundry/ops/epilogues.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kBias{.kind = StageKind::epilogue,
                          .name = "Bias",
                          .file = "stages/bias.metal",
                          .tensors = {StageOperand{"bias", StageTensor::rows}}};
constexpr StageType kResidual{.kind = StageKind::epilogue,
                              .name = "Residual",
                              .file = "stages/residual.metal",
                              .tensors = {StageOperand{"residual", StageTensor::result}}};
constexpr StageType kSilu{.kind = StageKind::epilogue, .name = "Silu", .file = "stages/silu.metal"};
constexpr StageType kGelu{.kind = StageKind::epilogue, .name = "Gelu", .file = "stages/gelu.metal"};

}  // namespace

Bias::operator Stage() const {
  return {.type = &kBias, .tensors = {bias}};
}
Residual::operator Stage() const {
  return {.type = &kResidual, .tensors = {residual}};
}
Silu::operator Stage() const {
  return {.type = &kSilu};
}
Gelu::operator Stage() const {
  return {.type = &kGelu};
}

}  // namespace foundry::ops
