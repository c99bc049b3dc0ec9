// elf.hpp: from a finished module to a shared object.
#pragma once

#include <string>

#include "anvil/compiler/ir/target.hpp"

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace anvil::compiler::cpu {

/// A shared object that exports `anvil_entry` and what kernel_abi.h says of it, and needs nothing
/// but memcpy, memset and memmove. Throws InternalError where that fails.
std::string shared_object(llvm::Module& module, const KernelLines& lines,
                          llvm::TargetMachine& machine);

/// The code as assembly, for people and tests to read.
std::string assembly(const llvm::Module& module, llvm::TargetMachine& machine);

}  // namespace anvil::compiler::cpu
