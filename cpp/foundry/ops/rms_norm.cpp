#include "foundry/ops/rms_norm.hpp"

#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/row_dispatch.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kRmsNorm{StageKind::prologue,  "RmsNorm", "stages/rms_norm.metal", "weight",
                             StageTensor::columns, true};

KernelDescription describe(const RmsNorm& op, bool whole_threadgroup) {
  auto kernel = kernel_file("rms_norm");
  kernel.arguments = {ArgumentDescription::buffer("x", Access::read, op.x.dtype()),
                      ArgumentDescription::buffer("weight", Access::read, op.weight.dtype()),
                      ArgumentDescription::buffer("y", Access::write, op.y.dtype()),
                      ArgumentDescription::value("params", struct_layout<RmsNormParams>())};
  allow_in_place(kernel, "y", "x");
  kernel.aliases = {{"X", msl_type(op.x.dtype())},
                    {"Weight", msl_type(op.weight.dtype())},
                    {"Y", msl_type(op.y.dtype())}};
  kernel.constants = {{"whole_threadgroup", whole_threadgroup}};
  return kernel;
}

}  // namespace

void RmsNorm::encode(Encoder& encoder) const {
  static const char family = 0;
  require_float("RmsNorm", "x", x);
  require_float("RmsNorm", "weight", weight);
  require_float("RmsNorm", "y", y);
  const RowShape shape = row_shape("RmsNorm", x);
  require_count("RmsNorm", "weight", weight, shape.columns);
  require_count("RmsNorm", "y", y, x.count());
  const RowDispatch rows = row_dispatch(encoder.device(), shape);
  const RmsNormParams params{shape.rows, shape.columns, epsilon};
  const auto kernel = encoder.kernel(KernelKey(&family, {word(x.dtype()), word(weight.dtype()),
                                                         word(y.dtype()), rows.whole_threadgroup}),
                                     [&] { return describe(*this, rows.whole_threadgroup); });
  encoder.dispatch(*kernel, {x, weight, y, Argument::value(params)}, rows.config);
}

Traffic RmsNorm::traffic() const {
  return traffic_of({&x, &weight}, {&y});
}

RmsNorm::operator Stage() const {
  return {&kRmsNorm, weight, epsilon};
}

}  // namespace foundry::ops
