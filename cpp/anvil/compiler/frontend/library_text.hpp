// library_text.hpp: text of the compiler's own, over Metal's library.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "anvil/compiler/ir/target.hpp"

namespace llvm {
class LLVMContext;
class Module;
}  // namespace llvm

namespace anvil::compiler {

/// Reads the library, in that math mode, then asks for text that goes on, once: a process may be
/// forked there. Gives the text's IR with all functions that it defines, or nothing where there is
/// none. The text is C++: the token pass does not see it, nor do the checks of users' programs.
std::unique_ptr<llvm::Module> compile_library_text(const std::string& math, const Target& target,
                                                   llvm::LLVMContext& context,
                                                   const std::function<std::string()>& write);

}  // namespace anvil::compiler
