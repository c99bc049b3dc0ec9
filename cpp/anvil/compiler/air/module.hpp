// module.hpp: AIR, what Apple's compiler makes of one function: LLVM's bitcode, read and made
// plain.
#pragma once

#include <memory>
#include <string>

namespace llvm {
class Function;
class LLVMContext;
class Module;
}  // namespace llvm

namespace anvil::compiler::air {

/// The module that the bitcode (with or without its wrapper) holds. Throws AirError where it is
/// damaged, as do all of these.
std::unique_ptr<llvm::Module> parse_module(const std::string& bitcode, llvm::LLVMContext& context);

/// How whoever made the module calls its function, of whatever kind.
std::string function_name(const llvm::Module& module);

/// Makes the module what Anvil's own front end would leave: checked, without what is Apple's own
/// way to optimise (aliasing, attributes, assumptions), all functions inlined into the kernel.
void make_plain(llvm::Module& module);

/// The one kernel that a module's metadata names.
llvm::Function& kernel_of(const llvm::Module& module);

}  // namespace anvil::compiler::air
