#include "foundry/ops/softmax.hpp"

#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"
#include "foundry/ops/row_dispatch.hpp"

namespace foundry::ops {
namespace {

struct SoftmaxRecipe {
  DType x;
  std::optional<DType> mask;
  DType y;
  bool whole_threadgroup;

  KernelDescription describe() const {
    const DType mask_type = mask.value_or(x);
    auto kernel = kernel_file("softmax");
    kernel.arguments = {
        ArgumentDescription::buffer("x", Access::read, x),
        ArgumentDescription::optional_buffer("mask", Access::read, mask_type, mask.has_value()),
        ArgumentDescription::buffer("y", Access::write, y),
        ArgumentDescription::value("params", struct_layout<SoftmaxParams>())};
    allow_in_place<Softmax>(kernel);
    kernel.aliases = {{"X", msl_type(x)}, {"Mask", msl_type(mask_type)}, {"Y", msl_type(y)}};
    kernel.constants = {{"whole_threadgroup", whole_threadgroup},
                        {"keeps_weights", y == DType::f32}};
    return kernel;
  }
};

}  // namespace

void Softmax::encode(Encoder& encoder) const {
  require_operands(*this);
  require_count("Softmax", "y", y, x.count());
  const RowShape shape = row_shape("Softmax", x);
  SoftmaxParams params{shape.rows, shape.columns, 0, scale};
  if (mask) {
    if (mask.count() != shape.columns) {
      require_count("Softmax", "mask", mask, x.count());
      params.mask_stride = shape.columns;
    }
  }
  const RowDispatch rows = row_dispatch(encoder.device(), shape);
  const auto kernel = encoder.kernel(SoftmaxRecipe{.x = x.dtype(),
                                                   .mask = dtype_if_any(mask),
                                                   .y = y.dtype(),
                                                   .whole_threadgroup = rows.whole_threadgroup});
  encoder.dispatch(*kernel, {x, mask, y, Argument::value(params)}, rows.config);
}

Traffic Softmax::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
