#include "foundry/ops/fill.hpp"

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/integer_range.hpp"
#include "foundry/ops/kernel_file.hpp"

namespace foundry::ops {
namespace {

KernelDescription describe(DType y) {
  auto kernel = kernel_file("fill");
  kernel.arguments = {ArgumentDescription::buffer("y", Access::write, y),
                      ArgumentDescription::value("params", struct_layout<FillParams>())};
  kernel.aliases = {{"Y", msl_type(y)}, {"Via", is_float(y) ? "float" : msl_type(y)}};
  kernel.constants = {{"integral", !is_float(y)}};
  return kernel;
}

}  // namespace

void Fill::encode(Encoder& encoder) const {
  static const char family = 0;
  require_plain("Fill", "y", y);
  const DType dtype = y.dtype();
  const FillParams params{narrow("Fill", "the number of elements", y.count()),
                          static_cast<float>(value),
                          is_float(dtype) ? 0 : integer_of("Fill", value, dtype)};
  const auto kernel =
      encoder.kernel(KernelKey(&family, {word(dtype)}), [&] { return describe(dtype); });
  encoder.dispatch(*kernel, {y, Argument::value(params)}, element_runs(params.count));
}

Traffic Fill::traffic() const {
  return traffic_of({}, {&y});
}

}  // namespace foundry::ops
