// target.hpp: the CPU that kernels are compiled for.
#pragma once

#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

namespace llvm {
class Module;
}

namespace anvil {

/// `cpu`: "host", or a name that LLVM knows for the machine's architecture. Throws FileError for an
/// unknown one, or one below the floor (x86-64-v3, aarch64).
std::unique_ptr<llvm::TargetMachine> make_target(const std::string& cpu);

/// Makes every function of the module code for that target, in its widest vectors.
void retarget(llvm::Module& module, const llvm::TargetMachine& target);

}  // namespace anvil
