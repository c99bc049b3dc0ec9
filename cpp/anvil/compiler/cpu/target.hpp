// target.hpp: processors as a target: kernels become shared objects that libanvil loads.
#pragma once

#include <memory>

#include "anvil/compiler/ir/target.hpp"

namespace anvil::compiler::cpu {

inline constexpr const char* kArchitectures = "x86_64, aarch64";
bool supports(const llvm::Triple& triple);

/// The variants are the kernel ABI's: "full", for threadgroups whose rows are whole simdgroups, and
/// "any". That a processor can run kernels is seen to once the machine is needed: optimize_lane
/// throws TargetError.
std::unique_ptr<Target> make_target(const TargetRequest& request);

}  // namespace anvil::compiler::cpu
