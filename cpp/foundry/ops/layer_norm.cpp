#include "foundry/ops/layer_norm.hpp"

#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/row_dispatch.hpp"

namespace foundry::ops {
namespace {

DType bias_type(const LayerNorm& op) {
  return op.bias ? op.bias.dtype() : op.weight.dtype();
}

KernelDescription describe(const LayerNorm& op, bool whole_threadgroup) {
  auto kernel = kernel_file("layer_norm");
  kernel.arguments = {ArgumentDescription::buffer("x", Access::read, op.x.dtype()),
                      ArgumentDescription::buffer("weight", Access::read, op.weight.dtype()),
                      ArgumentDescription::optional_buffer("bias", Access::read, bias_type(op),
                                                           static_cast<bool>(op.bias)),
                      ArgumentDescription::buffer("y", Access::write, op.y.dtype()),
                      ArgumentDescription::value("params", struct_layout<LayerNormParams>())};
  allow_in_place(kernel, "y", "x");
  kernel.aliases = {{"X", msl_type(op.x.dtype())},
                    {"Weight", msl_type(op.weight.dtype())},
                    {"Bias", msl_type(bias_type(op))},
                    {"Y", msl_type(op.y.dtype())}};
  kernel.constants = {{"whole_threadgroup", whole_threadgroup}};
  return kernel;
}

}  // namespace

void LayerNorm::encode(Encoder& encoder) const {
  static const char family = 0;
  require_float("LayerNorm", "x", x);
  require_float("LayerNorm", "weight", weight);
  require_float("LayerNorm", "y", y);
  const RowShape shape = row_shape("LayerNorm", x);
  require_count("LayerNorm", "weight", weight, shape.columns);
  require_count("LayerNorm", "y", y, x.count());
  if (bias) {
    require_float("LayerNorm", "bias", bias);
    require_count("LayerNorm", "bias", bias, shape.columns);
  }
  const RowDispatch rows = row_dispatch(encoder.device(), shape);
  const LayerNormParams params{shape.rows, shape.columns, epsilon};
  const auto kernel = encoder.kernel(
      KernelKey(&family, {word(x.dtype()), word(weight.dtype()), bias ? 1 + word(bias.dtype()) : 0,
                          word(y.dtype()), rows.whole_threadgroup}),
      [&] { return describe(*this, rows.whole_threadgroup); });
  encoder.dispatch(*kernel, {x, weight, bias, y, Argument::value(params)}, rows.config);
}

Traffic LayerNorm::traffic() const {
  return traffic_of({&x, &weight, &bias}, {&y});
}

}  // namespace foundry::ops
