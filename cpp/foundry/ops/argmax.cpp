#include "foundry/ops/argmax.hpp"

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"

namespace foundry::ops {
namespace {

KernelDescription describe(const Argmax& op) {
  auto kernel = kernel_file("argmax");
  kernel.arguments = {ArgumentDescription::buffer("x", Access::read, op.x.dtype()),
                      ArgumentDescription::buffer("y", Access::write, op.y.dtype()),
                      ArgumentDescription::value("params", struct_layout<ArgmaxParams>())};
  kernel.aliases = {{"X", msl_type(op.x.dtype())}, {"Y", msl_type(op.y.dtype())}};
  kernel.constants = {{"finite_only", op.finite_only}};
  return kernel;
}

}  // namespace

void Argmax::encode(Encoder& encoder) const {
  static const char family = 0;
  require_float("Argmax", "x", x);
  require_index("Argmax", "y", y);
  const ArgmaxParams params{in_32_bits("Argmax", "the number of columns", x.extents().inner())};
  const std::uint64_t rows = x.count() / params.columns;
  require_count("Argmax", "y", y, rows);
  const auto kernel =
      encoder.kernel(KernelKey(&family, {word(x.dtype()), word(y.dtype()), finite_only}),
                     [&] { return describe(*this); });
  const std::uint64_t simdgroups =
      std::min<std::uint64_t>(kMaxSimdgroups, (params.columns + kSimdWidth - 1) / kSimdWidth);
  encoder.dispatch(*kernel, {x, y, Argument::value(params)}, threadgroups_of(simdgroups, rows));
}

Traffic Argmax::traffic() const {
  return traffic_of({&x}, {&y});
}

}  // namespace foundry::ops
