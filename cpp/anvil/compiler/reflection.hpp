// reflection.hpp: what the host learns about a kernel, as JSON.
#pragma once

#include <string>
#include <vector>

#include "lowering.hpp"
#include "signature.hpp"

namespace anvil {

std::string reflection_json(const KernelSignature& signature, const LoweredKernel& lowered,
                            const std::vector<FunctionConstantInfo>& constants);

}  // namespace anvil
