#include "foundry/ops/softmax.hpp"

#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/row_dispatch.hpp"

namespace foundry::ops {
namespace {

DType mask_type(const Softmax& op) {
  return op.mask ? op.mask.dtype() : op.x.dtype();
}

KernelDescription describe(const Softmax& op, bool whole_threadgroup) {
  auto kernel = kernel_file("softmax");
  kernel.arguments = {ArgumentDescription::buffer("x", Access::read, op.x.dtype()),
                      ArgumentDescription::optional_buffer("mask", Access::read, mask_type(op),
                                                           static_cast<bool>(op.mask)),
                      ArgumentDescription::buffer("y", Access::write, op.y.dtype()),
                      ArgumentDescription::value("params", struct_layout<SoftmaxParams>())};
  allow_in_place(kernel, "y", "x");
  allow_in_place(kernel, "y", "mask");
  kernel.aliases = {{"X", msl_type(op.x.dtype())},
                    {"Mask", msl_type(mask_type(op))},
                    {"Y", msl_type(op.y.dtype())}};
  kernel.constants = {{"whole_threadgroup", whole_threadgroup},
                      {"keeps_weights", op.y.dtype() == DType::f32}};
  return kernel;
}

}  // namespace

void Softmax::encode(Encoder& encoder) const {
  static const char family = 0;
  require_float("Softmax", "x", x);
  require_float("Softmax", "y", y);
  require_count("Softmax", "y", y, x.count());
  const RowShape shape = row_shape("Softmax", x);
  SoftmaxParams params{shape.rows, shape.columns, 0, scale};
  if (mask) {
    require_float("Softmax", "mask", mask);
    if (mask.count() != shape.columns) {
      require_count("Softmax", "mask", mask, x.count());
      params.mask_stride = shape.columns;
    }
  }
  const RowDispatch rows = row_dispatch(encoder.device(), shape);
  const auto kernel =
      encoder.kernel(KernelKey(&family, {word(x.dtype()), mask ? 1 + word(mask.dtype()) : 0,
                                         word(y.dtype()), rows.whole_threadgroup}),
                     [&] { return describe(*this, rows.whole_threadgroup); });
  encoder.dispatch(*kernel, {x, mask, y, Argument::value(params)}, rows.config);
}

Traffic Softmax::traffic() const {
  return traffic_of({&x, &mask}, {&y});
}

}  // namespace foundry::ops
