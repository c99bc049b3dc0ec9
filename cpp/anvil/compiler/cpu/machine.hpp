// target.hpp: the CPU that kernels are compiled for.
#pragma once

#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

namespace llvm {
class Module;
}

namespace anvil::compiler::cpu {

/// The triple to compile for; this machine's for an empty one. Throws TargetError for an
/// architecture that there is no code generator for.
std::string target_triple(const std::string& asked);

/// `cpu`: a name that LLVM knows for the architecture, or "host": the machine that runs this, or
/// the architecture's least where that is another one. Throws TargetError for an unknown one, or
/// one below the floor (x86-64-v3, aarch64).
std::unique_ptr<llvm::TargetMachine> make_target(const std::string& triple, const std::string& cpu);

/// Makes every function of the module code for that target, in its widest vectors.
void retarget(llvm::Module& module, const llvm::TargetMachine& target);

}  // namespace anvil::compiler::cpu
