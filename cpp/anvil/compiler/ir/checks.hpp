// checks.hpp: what a module has to be on its way to code.
#pragma once

namespace llvm {
class Module;
}

namespace anvil::compiler {

/// Throws InternalError for IR that LLVM's verifier rejects; `stage` is what has made it.
void check_valid(const llvm::Module& module, const char* stage);

/// frontend/confinement.hpp's rules for a module about to become code, whatever wrote it: `entry`
/// is the only function that it defines, and nothing decides by itself where it is put or when it
/// runs. Throws InternalError.
void check_confined(const llvm::Module& module, const char* entry);

}  // namespace anvil::compiler
