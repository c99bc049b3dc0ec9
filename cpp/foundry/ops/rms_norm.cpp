#include "foundry/ops/rms_norm.hpp"

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"

namespace foundry::ops {
namespace {

constexpr StageType kRmsNorm{StageKind::prologue,  "RmsNorm", "stages/rms_norm.metal", "weight",
                             StageTensor::columns, true};
constexpr std::uint32_t kSimdgroups = 4;

KernelDescription describe(const RmsNorm& op) {
  auto kernel = kernel_file("rms_norm");
  kernel.arguments = {ArgumentDescription::buffer("x", Access::read, op.x.dtype()),
                      ArgumentDescription::buffer("weight", Access::read, op.weight.dtype()),
                      ArgumentDescription::buffer("y", Access::write, op.y.dtype()),
                      ArgumentDescription::value("params", struct_layout<RmsNormParams>())};
  kernel.aliases = {{"X", msl_type(op.x.dtype())},
                    {"Weight", msl_type(op.weight.dtype())},
                    {"Y", msl_type(op.y.dtype())}};
  return kernel;
}

}  // namespace

void RmsNorm::encode(Encoder& encoder) const {
  static const char family = 0;
  require_float("RmsNorm", "x", x);
  require_float("RmsNorm", "weight", weight);
  require_float("RmsNorm", "y", y);
  const std::uint64_t columns = x.extents().inner();
  require_count("RmsNorm", "weight", weight, columns);
  require_count("RmsNorm", "y", y, x.count());
  narrow("RmsNorm", "the number of elements of x", x.count());
  const RmsNormParams params{static_cast<std::uint32_t>(x.count() / columns),
                             static_cast<std::uint32_t>(columns), epsilon};
  const auto kernel =
      encoder.kernel(KernelKey(&family, {word(x.dtype()), word(weight.dtype()), word(y.dtype())}),
                     [&] { return describe(*this); });
  encoder.dispatch(*kernel, {x, weight, y, Argument::value(params)},
                   threadgroups_of(kSimdgroups, (params.rows + kSimdgroups - 1) / kSimdgroups));
}

Traffic RmsNorm::traffic() const {
  return traffic_of({&x, &weight}, {&y});
}

RmsNorm::operator Stage() const {
  return {&kRmsNorm, weight, epsilon};
}

}  // namespace foundry::ops
