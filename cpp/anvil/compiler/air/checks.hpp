// checks.hpp: what may be in a module that others have made.
#pragma once

namespace llvm {
class Module;
}

namespace anvil::compiler::air {

/// Instructions that compute, on types that Metal has, and nothing that places code, runs by itself
/// or reaches the machine: frontend/confinement.hpp's rules, for AIR. Throws AirError.
void check_module(const llvm::Module& module);

}  // namespace anvil::compiler::air
