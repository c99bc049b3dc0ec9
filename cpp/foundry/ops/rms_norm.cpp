#include "foundry/ops/rms_norm.hpp"

#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"
#include "foundry/ops/row_dispatch.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kRmsNorm{.kind = StageKind::prologue,
                             .name = "RmsNorm",
                             .file = "stages/rms_norm.metal",
                             .tensors = {StageOperand{"weight", StageTensor::columns, true}},
                             .scalars = 1};

struct RmsNormRecipe {
  DType x;
  std::optional<DType> weight;
  std::optional<DType> residual;
  std::optional<DType> gate;
  DType y;
  bool whole_threadgroup;

  KernelDescription describe() const {
    const DType weight_type = weight.value_or(DType::f32);
    const DType residual_type = residual.value_or(DType::f32);
    const DType gate_type = gate.value_or(DType::f32);
    auto kernel = kernel_file("rms_norm");
    kernel.arguments = {
        ArgumentDescription::buffer("x", Access::read, x),
        ArgumentDescription::optional_buffer("weight", Access::read, weight_type,
                                             weight.has_value()),
        ArgumentDescription::optional_buffer("residual", Access::read, residual_type,
                                             residual.has_value()),
        ArgumentDescription::optional_buffer("gate", Access::read, gate_type, gate.has_value()),
        ArgumentDescription::buffer("y", Access::write, y),
        ArgumentDescription::value("params", struct_layout<RmsNormParams>())};
    allow_in_place<RmsNorm>(kernel);
    kernel.aliases = {{"X", msl_type(x)},
                      {"Weight", msl_type(weight_type)},
                      {"Residual", msl_type(residual_type)},
                      {"Gate", msl_type(gate_type)},
                      {"Y", msl_type(y)}};
    kernel.constants = {{"whole_threadgroup", whole_threadgroup}};
    return kernel;
  }
};

/// Of one that every so many rows have in turn.
std::uint32_t rows_of_weight(const AnyTensor& weight, const RowShape& shape) {
  if (!weight) return 1;
  const Extents& extents = weight.extents();
  if (extents.rank() != 2 || extents[1] != shape.columns || shape.rows % extents[0] != 0) {
    require_count("RmsNorm", "weight", weight, shape.columns);
    return 1;
  }
  return static_cast<std::uint32_t>(extents[0]);
}

}  // namespace

void RmsNorm::encode(Encoder& encoder) const {
  require_operands(*this);
  const RowShape shape = row_shape("RmsNorm", x);
  const std::uint32_t weight_rows = rows_of_weight(weight, shape);
  require_count("RmsNorm", "y", y, x.count());
  if (residual) require_count("RmsNorm", "residual", residual, x.count());
  if (gate) require_count("RmsNorm", "gate", gate, x.count());
  const RowDispatch rows = row_dispatch(encoder.device(), shape);
  const RmsNormParams params{shape.rows, shape.columns, weight_rows, epsilon};
  const auto kernel = encoder.kernel(RmsNormRecipe{.x = x.dtype(),
                                                   .weight = dtype_if_any(weight),
                                                   .residual = dtype_if_any(residual),
                                                   .gate = dtype_if_any(gate),
                                                   .y = y.dtype(),
                                                   .whole_threadgroup = rows.whole_threadgroup});
  encoder.dispatch(*kernel, {x, weight, residual, gate, y, Argument::value(params)}, rows.config);
}

Traffic RmsNorm::traffic() const {
  return traffic_of(*this);
}

RmsNorm::operator Stage() const {
  if (residual) {
    throw ArgumentError("RmsNorm: a prologue takes no residual; SandwichNorm is the one that does");
  }
  if (gate) throw ArgumentError("RmsNorm: a prologue takes no gate");
  return {.type = &kRmsNorm, .tensors = {weight}, .scalars = {epsilon}};
}

}  // namespace foundry::ops
