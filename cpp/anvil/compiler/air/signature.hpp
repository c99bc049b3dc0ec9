// signature.hpp: what a module's metadata says about its kernel.
#pragma once

#include <string>
#include <vector>

#include "anvil/compiler/source/signature.hpp"

namespace llvm {
class Module;
}

namespace anvil::compiler::air {

/// How the kernel is named in C++ and in IR, where its inputs are passed by reference.
inline constexpr const char* kKernelSymbol = "air_kernel";
/// The flag that says whether a function constant has a value is called this, then its variable.
inline constexpr const char* kDefinedPrefix = "air.defined.";

/// The kernel's arguments. Throws AirError for one that Anvil does not have.
KernelSignature read_signature(const llvm::Module& module);

std::vector<FunctionConstantInfo> read_function_constants(const llvm::Module& module);

/// "fast" or "safe".
std::string math_mode(const llvm::Module& module);

}  // namespace anvil::compiler::air
