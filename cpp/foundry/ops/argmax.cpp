#include "foundry/ops/argmax.hpp"

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

struct ArgmaxRecipe {
  DType x;
  DType y;
  bool finite_only;

  KernelDescription describe() const {
    auto kernel = kernel_file("argmax");
    kernel.arguments = {ArgumentDescription::buffer("x", Access::read, x),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<ArgmaxParams>())};
    kernel.aliases = {{"X", msl_type(x)}, {"Y", msl_type(y)}};
    kernel.constants = {{"finite_only", finite_only}};
    return kernel;
  }
};

}  // namespace

void Argmax::encode(Encoder& encoder) const {
  require_operands(*this);
  const ArgmaxParams params{in_32_bits("Argmax", "the number of columns", x.extents().inner())};
  const std::uint64_t rows = x.count() / params.columns;
  require_count("Argmax", "y", y, rows);
  const auto kernel =
      encoder.kernel(ArgmaxRecipe{.x = x.dtype(), .y = y.dtype(), .finite_only = finite_only});
  const std::uint64_t simdgroups =
      std::min<std::uint64_t>(kMaxSimdgroups, (params.columns + kSimdWidth - 1) / kSimdWidth);
  encoder.dispatch(*kernel, {x, y, Argument::value(params)}, threadgroups_of(simdgroups, rows));
}

Traffic Argmax::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
