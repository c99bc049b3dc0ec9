#include "foundry/ops/arange.hpp"

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/integer_range.hpp"
#include "foundry/ops/kernel_file.hpp"

namespace foundry::ops {
namespace {

KernelDescription describe(DType y) {
  auto kernel = kernel_file("arange");
  kernel.arguments = {ArgumentDescription::buffer("y", Access::write, y),
                      ArgumentDescription::value("params", struct_layout<ArangeParams>())};
  kernel.aliases = {{"Y", msl_type(y)}};
  kernel.constants = {{"integral", !is_float(y)}};
  return kernel;
}

}  // namespace

void Arange::encode(Encoder& encoder) const {
  static const char family = 0;
  require_plain("Arange", "y", y);
  const DType dtype = y.dtype();
  if (dtype == DType::bool_) {
    throw DTypeError(concat("Arange: y takes numbers, got ", y.describe()));
  }
  ArangeParams params{narrow("Arange", "the number of elements", y.count()),
                      static_cast<float>(start), static_cast<float>(step), 0, 0};
  if (!is_float(dtype)) {
    params.integer_start = integer_of("Arange", start, dtype);
    // A step may be negative even where the elements may not.
    params.integer_step = integer_of("Arange", step, DType::i64);
    integer_of("Arange", start + static_cast<double>(params.count - 1) * step, dtype);
  }
  const auto kernel =
      encoder.kernel(KernelKey(&family, {word(dtype)}), [&] { return describe(dtype); });
  encoder.dispatch(*kernel, {y, Argument::value(params)}, element_runs(params.count));
}

Traffic Arange::traffic() const {
  return traffic_of({}, {&y});
}

}  // namespace foundry::ops
