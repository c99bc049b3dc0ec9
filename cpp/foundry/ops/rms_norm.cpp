#include "foundry/ops/rms_norm.hpp"

#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"
#include "foundry/ops/row_dispatch.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kRmsNorm{.kind = StageKind::prologue,
                             .name = "RmsNorm",
                             .file = "stages/rms_norm.metal",
                             .argument = "weight",
                             .tensor = StageTensor::columns,
                             .has_scalar = true};

struct RmsNormRecipe {
  DType x;
  DType weight;
  DType y;
  bool whole_threadgroup;

  KernelDescription describe() const {
    auto kernel = kernel_file("rms_norm");
    kernel.arguments = {ArgumentDescription::buffer("x", Access::read, x),
                        ArgumentDescription::buffer("weight", Access::read, weight),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<RmsNormParams>())};
    allow_in_place<RmsNorm>(kernel);
    kernel.aliases = {{"X", msl_type(x)}, {"Weight", msl_type(weight)}, {"Y", msl_type(y)}};
    kernel.constants = {{"whole_threadgroup", whole_threadgroup}};
    return kernel;
  }
};

}  // namespace

void RmsNorm::encode(Encoder& encoder) const {
  require_operands(*this);
  const RowShape shape = row_shape("RmsNorm", x);
  require_count("RmsNorm", "weight", weight, shape.columns);
  require_count("RmsNorm", "y", y, x.count());
  const RowDispatch rows = row_dispatch(encoder.device(), shape);
  const RmsNormParams params{shape.rows, shape.columns, epsilon};
  const auto kernel = encoder.kernel(RmsNormRecipe{.x = x.dtype(),
                                                   .weight = weight.dtype(),
                                                   .y = y.dtype(),
                                                   .whole_threadgroup = rows.whole_threadgroup});
  encoder.dispatch(*kernel, {x, weight, y, Argument::value(params)}, rows.config);
}

Traffic RmsNorm::traffic() const {
  return traffic_of(*this);
}

RmsNorm::operator Stage() const {
  return {.type = &kRmsNorm, .tensor = weight, .scalar = epsilon};
}

}  // namespace foundry::ops
