// functions.hpp: Metal's functions, air.*, by Anvil's own Metal library.
#pragma once

#include <llvm/ADT/StringRef.h>

#include <string>
#include <vector>

namespace llvm {
class Function;
class Module;
}  // namespace llvm

namespace anvil::compiler::air {

/// The functions of Metal's that a module calls, in a fixed order.
std::vector<llvm::Function*> called_functions(llvm::Module& module);

/// C++ that does what Apple's function does: `extern "C" void SYMBOL(const A& a0, ..., R& result)`,
/// whose parameters are the function's arguments and result in memory. Throws AirError for one that
/// is not there.
std::string definition_of(const llvm::Function& function, const std::string& symbol);

[[noreturn]] void unsupported_function(llvm::StringRef name);

/// Gives a declared function of that name a body: a call of SYMBOL, with its arguments in memory.
void define_by(llvm::Function& function, llvm::Function& symbol);

}  // namespace anvil::compiler::air
