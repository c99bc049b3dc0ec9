// emit.hpp: from a finished module to a shared object.
#pragma once

#include <string>

#include "anvil/compiler/cpu/code_facts.hpp"

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace anvil::compiler::cpu {

/// Writes a shared object that exports `anvil_entry` and what kernel_abi.h says of it, and needs
/// nothing but memcpy, memset and memmove. Throws InternalError where that fails.
void emit_shared_object(llvm::Module& module, const KernelLines& lines, llvm::TargetMachine& target,
                        const std::string& path);

/// Writes the code as assembly, for people and tests to read.
void emit_assembly(const llvm::Module& module, llvm::TargetMachine& target,
                   const std::string& path);

}  // namespace anvil::compiler::cpu
