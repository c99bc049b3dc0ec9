#include "foundry/ops/clamp.hpp"

#include "foundry/ops/element_run.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

struct ClampRecipe {
  DType x;
  DType y;

  KernelDescription describe() const {
    auto kernel = kernel_file("clamp_elements");
    kernel.arguments = {ArgumentDescription::buffer("x", Access::read, x),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<ClampParams>())};
    allow_in_place<Clamp>(kernel);
    kernel.aliases = {{"X", msl_type(x)}, {"Y", msl_type(y)}};
    return kernel;
  }
};

}  // namespace

void Clamp::encode(Encoder& encoder) const {
  require_operands(*this);
  require_count("Clamp", "y", y, x.count());
  if (!(low <= high)) {
    throw ArgumentError(concat("Clamp: low is ", low, ", high is ", high, ": no interval"));
  }
  const ClampParams params{in_32_bits("Clamp", "the number of elements", x.count()), low, high};
  const auto kernel = encoder.kernel(ClampRecipe{.x = x.dtype(), .y = y.dtype()});
  encoder.dispatch(*kernel, {x, y, Argument::value(params)}, element_runs(params.count));
}

Traffic Clamp::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
