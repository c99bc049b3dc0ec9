#include "foundry/ops/sandwich_norm.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kSandwichNorm{
    .kind = StageKind::prologue,
    .name = "SandwichNorm",
    .file = "stages/sandwich_norm.metal",
    .tensors = {StageOperand{"residual", StageTensor::input},
                StageOperand{"weight", StageTensor::columns},
                StageOperand{"next_weight", StageTensor::columns, true},
                StageOperand{"y", StageTensor::input, true, true}},
    .scalars = 2};

}  // namespace

SandwichNorm::operator Stage() const {
  return {.type = &kSandwichNorm,
          .tensors = {residual, weight, next_weight, y},
          .scalars = {epsilon, scale}};
}

}  // namespace foundry::ops
