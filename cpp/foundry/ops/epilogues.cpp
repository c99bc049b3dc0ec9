#include "foundry/ops/epilogues.hpp"

#include "foundry/core/error.hpp"

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
constexpr StageType kScale{
    .kind = StageKind::epilogue, .name = "Scale", .file = "stages/scale.metal", .scalars = 1};
constexpr StageType kTokenScale{.kind = StageKind::epilogue,
                                .name = "TokenScale",
                                .file = "stages/token_scale.metal",
                                .tensors = {StageOperand{"factors", StageTensor::tokens}}};
constexpr StageType kSoftCap{
    .kind = StageKind::epilogue, .name = "SoftCap", .file = "stages/soft_cap.metal", .scalars = 1};

}  // namespace

Bias::operator Stage() const {
  return {.type = &kBias, .tensors = {bias}};
}
Residual::operator Stage() const {
  return {.type = &kResidual, .tensors = {residual}};
}
Scale::operator Stage() const {
  return {.type = &kScale, .scalars = {factor}};
}
TokenScale::operator Stage() const {
  return {.type = &kTokenScale, .tensors = {factors}};
}
SoftCap::operator Stage() const {
  if (!(cap > 0.0f)) throw ArgumentError(concat("SoftCap: cap is ", cap, ", not above 0"));
  return {.type = &kSoftCap, .scalars = {cap}};
}

}  // namespace foundry::ops
