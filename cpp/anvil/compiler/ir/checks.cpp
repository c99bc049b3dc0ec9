#include "anvil/compiler/ir/checks.hpp"

#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <string>

#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler {
namespace {

[[noreturn]] void refuse(const std::string& what, llvm::StringRef name) {
  throw InternalError("the kernel's code would hold " + what + " '" + name.str() + "'");
}

}  // namespace

void check_valid(const llvm::Module& module, const char* stage) {
  std::string message;
  llvm::raw_string_ostream out(message);
  if (llvm::verifyModule(module, &out))
    throw InternalError(std::string("invalid IR after ") + stage + ": " + message);
}

void check_confined(const llvm::Module& module, const char* entry) {
  if (!module.getModuleInlineAsm().empty()) refuse("assembly", module.getName());
  for (const llvm::GlobalAlias& alias : module.aliases()) refuse("the alias", alias.getName());
  for (const llvm::GlobalIFunc& choice : module.ifuncs())
    refuse("the indirect function", choice.getName());
  for (const llvm::GlobalVariable& variable : module.globals()) {
    if (variable.isThreadLocal()) refuse("the thread-local variable", variable.getName());
    if (variable.hasSection()) refuse("a section of its own for", variable.getName());
    // llvm.global_ctors and llvm.used among them: they reach the object file.
    if (variable.getName().starts_with("llvm.")) refuse("the list", variable.getName());
  }
  for (const llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    if (function.getName() != entry) refuse("the function", function.getName());
    if (function.hasSection() || function.hasPrefixData() || function.hasPrologueData() ||
        function.hasFnAttribute(llvm::Attribute::Naked))
      refuse("an ill-placed function", function.getName());
    for (const llvm::BasicBlock& block : function)
      for (const llvm::Instruction& instruction : block)
        if (const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
            call && call->isInlineAsm())
          refuse("assembly in", function.getName());
  }
}

}  // namespace anvil::compiler
