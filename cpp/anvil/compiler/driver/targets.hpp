// targets.hpp: the machines that kernels are compiled for.
#pragma once

#include <memory>

#include "anvil/compiler/ir/target.hpp"

namespace anvil::compiler {

/// An empty triple is this machine's. Throws TargetError for one that no target supports.
std::unique_ptr<Target> make_target(TargetRequest request);

}  // namespace anvil::compiler
