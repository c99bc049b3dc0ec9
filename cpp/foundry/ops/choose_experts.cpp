#include "foundry/ops/choose_experts.hpp"

#include <cmath>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

struct ChooseExpertsRecipe {
  DType logits;
  DType ids;
  std::optional<DType> bias;
  std::uint32_t per_lane;

  KernelDescription describe() const {
    auto kernel = kernel_file("choose_experts");
    kernel.arguments = {ArgumentDescription::buffer("logits", Access::read, logits),
                        ArgumentDescription::buffer("ids", Access::write, ids),
                        ArgumentDescription::buffer("shares", Access::write, DType::f32),
                        ArgumentDescription::optional_buffer(
                            "bias", Access::read, bias.value_or(DType::f32), bias.has_value()),
                        ArgumentDescription::value("params", struct_layout<ChooseExpertsParams>())};
    kernel.aliases = {{"Logits", msl_type(logits)},
                      {"Ids", msl_type(ids)},
                      {"PerLane", concat("integral_constant<uint, ", per_lane, ">")}};
    return kernel;
  }
};

void require_at_most(const char* what, std::uint64_t count, std::uint64_t most) {
  if (count >= 1 && count <= most) return;
  throw ShapeError(concat("ChooseExperts: ", count, " ", what, ", 1 to ", most, " are possible"));
}

void check(const ChooseExperts& op, std::uint64_t experts, std::uint64_t used) {
  require_at_most("experts", experts, kMostExperts);
  require_at_most("experts used", used, std::min<std::uint64_t>(kMostUsedExperts, experts));
  if (!std::isfinite(op.scale)) {
    throw ArgumentError(concat("ChooseExperts: scale is ", op.scale, ", not finite"));
  }
  if (op.groups < 1 || op.groups > kMostExpertGroups || experts % op.groups != 0) {
    throw ArgumentError(concat("ChooseExperts: ", experts, " experts in ", op.groups,
                               " groups; supported: 1 to ", kMostExpertGroups,
                               " groups of equal size"));
  }
  if (op.groups_used < 1 || op.groups_used > op.groups ||
      experts / op.groups * op.groups_used < used) {
    throw ArgumentError(concat("ChooseExperts: ", used, " experts of ", op.groups_used,
                               " groups, of ", op.groups, " groups with ", experts / op.groups,
                               " experts each"));
  }
}

}  // namespace

void ChooseExperts::encode(Encoder& encoder) const {
  require_operands(*this);
  const std::uint64_t experts = logits.extents().inner();
  const std::uint64_t used = ids.extents().inner();
  const std::uint64_t tokens = logits.count() / experts;
  require_count("ChooseExperts", "ids", ids, tokens * used);
  require_count("ChooseExperts", "shares", shares, tokens * used);
  if (bias) require_count("ChooseExperts", "bias", bias, experts);
  check(*this, experts, used);
  static_cast<void>(in_32_bits("ChooseExperts", "the number of ids", ids.count()));
  const ChooseExpertsParams params{static_cast<std::uint32_t>(experts),
                                   static_cast<std::uint32_t>(used),
                                   static_cast<std::uint32_t>(gating),
                                   normalised ? 1u : 0u,
                                   groups,
                                   groups_used,
                                   scale};
  const auto kernel = encoder.kernel(
      ChooseExpertsRecipe{.logits = logits.dtype(),
                          .ids = ids.dtype(),
                          .bias = dtype_if_any(bias),
                          .per_lane = (params.experts + kSimdWidth - 1) / kSimdWidth});
  encoder.dispatch(*kernel, {logits, ids, shares, bias, Argument::value(params)},
                   threadgroups_of(1, tokens));
}

Traffic ChooseExperts::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
