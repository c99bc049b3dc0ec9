#include "foundry/ops/group_experts.hpp"

#include "foundry/ops/checks.hpp"
#include "foundry/ops/choose_experts.hpp"
#include "foundry/ops/kernel_file.hpp"
#include "foundry/ops/operands.hpp"

namespace foundry::ops {
namespace {

struct GroupExpertsRecipe {
  DType ids;

  KernelDescription describe() const {
    auto kernel = kernel_file("group_experts");
    kernel.arguments = {ArgumentDescription::buffer("ids", Access::read, ids),
                        ArgumentDescription::buffer("groups", Access::write, DType::u32),
                        ArgumentDescription::value("params", struct_layout<GroupExpertsParams>())};
    kernel.aliases = {{"Id", msl_type(ids)}};
    return kernel;
  }
};

}  // namespace

void GroupExperts::encode(Encoder& encoder) const {
  require_operands(*this);
  const std::uint64_t none = detail::elements_of_groups(ids.count(), 0);
  if (groups.count() <= none || groups.count() > none + kMostExperts) {
    throw ShapeError(concat("GroupExperts: groups is ", to_string(groups.extents()), ", ids are ",
                            to_string(ids.extents()), ": ", groups.count(), " elements where ",
                            none + 1, " to ", none + kMostExperts, " are needed, for 1 to ",
                            kMostExperts, " experts"));
  }
  const GroupExpertsParams params{in_32_bits("GroupExperts", "the number of ids", ids.count()),
                                  static_cast<std::uint32_t>(ids.extents().inner()),
                                  static_cast<std::uint32_t>(groups.count() - none)};
  const auto kernel = encoder.kernel(GroupExpertsRecipe{.ids = ids.dtype()});
  const std::uint32_t simdgroups = std::min(kMaxSimdgroups, params.experts + 1);
  encoder.dispatch(*kernel, {ids, groups, Argument::value(params)}, threadgroups_of(simdgroups, 1));
}

Traffic GroupExperts::traffic() const {
  return traffic_of(*this);
}

}  // namespace foundry::ops
