#include "foundry/ops/gemv_columns.hpp"

#include "foundry/fusion/policy.hpp"
#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

/// Of a threadgroup. A CPU runs it on one thread and likes long reads; a GPU wants many threads on
/// few columns.
struct Plan {
  bool narrow;  ///< weights per lane: Policy::narrow or wide
  std::uint32_t simdgroups;
  std::uint32_t chunks;  ///< of 32 columns
};

Plan plan_of(const Device& device) {
  return device.traits().has_register_lanes() ? Plan{.narrow = true, .simdgroups = 1, .chunks = 16}
                                              : Plan{.narrow = false, .simdgroups = 8, .chunks = 2};
}

struct GemvColumnsRecipe {
  DType weights;
  DType x;
  DType y;
  Plan plan;

  KernelDescription describe() const {
    const Policy& policy = policy_of(weights, "GemvColumns");
    auto kernel = kernel_file("gemv_columns");
    kernel.arguments = {ArgumentDescription::buffer("weights", Access::read, weights),
                        ArgumentDescription::buffer("x", Access::read, x),
                        ArgumentDescription::buffer("y", Access::write, y),
                        ArgumentDescription::value("params", struct_layout<MatrixParams>())};
    kernel.includes = {std::string(policy.file)};
    kernel.aliases = {{"Weights", msl_policy(policy, plan.narrow)},
                      {"Y", msl_type(y)},
                      {"Simdgroups", concat("integral_constant<uint, ", plan.simdgroups, ">")},
                      {"Chunks", concat("integral_constant<uint, ", plan.chunks, ">")}};
    return kernel;
  }
};

}  // namespace

void GemvColumns::encode(Encoder& encoder) const {
  require_operands(*this);
  if (weights.rank() != 2) {
    throw ShapeError(
        concat("GemvColumns: weights are ", to_string(weights.extents()), ", not (rows, columns)"));
  }
  require_count("GemvColumns", "x", x, weights.extents()[0]);
  require_count("GemvColumns", "y", y, weights.extents()[1]);
  const MatrixParams params{
      in_32_bits("GemvColumns", "the number of rows", weights.extents()[0]),
      in_32_bits("GemvColumns", "the number of columns", weights.extents()[1])};
  const Plan plan = plan_of(encoder.device());
  const auto kernel = encoder.kernel(
      GemvColumnsRecipe{.weights = weights.dtype(), .x = x.dtype(), .y = y.dtype(), .plan = plan});
  const std::uint64_t columns = std::uint64_t{plan.chunks} * kSimdWidth;
  encoder.dispatch(*kernel, {weights, x, y, Argument::value(params)},
                   threadgroups_of(plan.simdgroups, (params.columns + columns - 1) / columns));
}

Traffic GemvColumns::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
