// merge.hpp: a module of AIR, and what Anvil's front end made for it, as one program.
#pragma once

#include <string>

#include "anvil/compiler/source/signature.hpp"

namespace llvm {
class Module;
}

namespace anvil::compiler::air {

/// What the program is besides its AIR: C++ that declares the kernel (kKernelSymbol) and defines
/// what the module calls. Throws AirError for functions that are not there.
std::string text_for(llvm::Module& module, const KernelSignature& kernel);

/// Copies the module's functions and variables into `program`, made of that text: all in one
/// address space, threadgroup variables marked, the kernel in the place of its declaration. The
/// module's structures must be laid out there as they were.
void merge(llvm::Module& module, llvm::Module& program);

}  // namespace anvil::compiler::air
