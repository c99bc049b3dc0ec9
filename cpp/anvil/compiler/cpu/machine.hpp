// machine.hpp: the CPU that kernels are compiled for.
#pragma once

#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

namespace llvm {
class Module;
}

namespace anvil::compiler::cpu {

/// `cpu`: a name that LLVM knows for the architecture, or "host": the machine that runs this, or
/// the architecture's least where that is another one. Throws TargetError for an unknown one, or
/// one below the floor (x86-64-v3, aarch64).
std::unique_ptr<llvm::TargetMachine> make_machine(const llvm::Triple& triple,
                                                  const std::string& cpu);

/// Bytes of the widest vector registers that its code uses.
unsigned register_bytes(const llvm::TargetMachine& machine);

/// Makes every function of the module code for that machine, in its widest vectors.
void retarget(llvm::Module& module, const llvm::TargetMachine& machine);

}  // namespace anvil::compiler::cpu
