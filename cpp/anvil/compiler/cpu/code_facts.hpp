// code_facts.hpp: what the executor is told about a kernel's machine code: the stack it takes, and
// the lines it comes from.
#pragma once

#include <llvm/ADT/StringRef.h>

#include <memory>
#include <string>
#include <vector>

#include "anvil/compiler/ir/target.hpp"

namespace llvm {
class Module;
}  // namespace llvm

namespace anvil::compiler::cpu {

/// Reduces the module's debug information to the user's lines: of what was inlined from the library
/// the line that uses it, counted as diagnostics do.
KernelLines keep_lines(llvm::Module& module, const Source& source);

/// A module with the data that kernel_abi.h describes for the object file `code`, to be linked with
/// it. Throws InternalError where the object does not tell how much stack it takes.
std::unique_ptr<llvm::Module> describe_code(llvm::StringRef code, const KernelLines& lines,
                                            const llvm::Module& module);

}  // namespace anvil::compiler::cpu
