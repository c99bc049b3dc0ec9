// reflection.hpp: what the host learns about a kernel, as JSON.
#pragma once

#include <string>
#include <vector>

#include "anvil/compiler/ir/lowering.hpp"
#include "anvil/compiler/source/signature.hpp"

namespace anvil::compiler {

std::string reflection_json(const KernelSignature& signature, const LoweredKernel& lowered,
                            const std::vector<FunctionConstantInfo>& constants);

}  // namespace anvil::compiler
