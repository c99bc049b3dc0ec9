#include "foundry/ops/layer_norm.hpp"

#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"
#include "foundry/ops/row_dispatch.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kLayerNorm{.kind = StageKind::prologue,
                               .name = "LayerNorm",
                               .file = "stages/layer_norm.metal",
                               .tensors = {StageOperand{"weight", StageTensor::columns, true},
                                           StageOperand{"bias", StageTensor::columns, true}},
                               .scalars = 1};

struct LayerNormRecipe {
  DType x;
  std::optional<DType> weight;
  std::optional<DType> bias;
  DType y;
  bool whole_threadgroup;

  KernelDescription describe() const {
    const DType weight_type = weight.value_or(DType::f32);
    const DType bias_type = bias.value_or(DType::f32);
    auto kernel = kernel_file("layer_norm");
    kernel.arguments = {
        ArgumentDescription::buffer("x", Access::read, x),
        ArgumentDescription::optional_buffer("weight", Access::read, weight_type,
                                             weight.has_value()),
        ArgumentDescription::optional_buffer("bias", Access::read, bias_type, bias.has_value()),
        ArgumentDescription::buffer("y", Access::write, y),
        ArgumentDescription::value("params", struct_layout<LayerNormParams>())};
    allow_in_place<LayerNorm>(kernel);
    kernel.aliases = {{"X", msl_type(x)},
                      {"Weight", msl_type(weight_type)},
                      {"Bias", msl_type(bias_type)},
                      {"Y", msl_type(y)}};
    kernel.constants = {{"whole_threadgroup", whole_threadgroup}};
    return kernel;
  }
};

}  // namespace

void LayerNorm::encode(Encoder& encoder) const {
  require_operands(*this);
  const RowShape shape = row_shape("LayerNorm", x);
  if (weight) require_count("LayerNorm", "weight", weight, shape.columns);
  require_count("LayerNorm", "y", y, x.count());
  if (bias) require_count("LayerNorm", "bias", bias, shape.columns);
  const RowDispatch rows = row_dispatch(encoder.device(), shape);
  const LayerNormParams params{shape.rows, shape.columns, epsilon};
  const auto kernel = encoder.kernel(LayerNormRecipe{.x = x.dtype(),
                                                     .weight = dtype_if_any(weight),
                                                     .bias = dtype_if_any(bias),
                                                     .y = y.dtype(),
                                                     .whole_threadgroup = rows.whole_threadgroup});
  encoder.dispatch(*kernel, {x, weight, bias, y, Argument::value(params)}, rows.config);
}

Traffic LayerNorm::traffic() const {
  return traffic_of(*this);
}

LayerNorm::operator Stage() const {
  return {.type = &kLayerNorm, .tensors = {weight, bias}, .scalars = {epsilon}};
}

}  // namespace foundry::ops
