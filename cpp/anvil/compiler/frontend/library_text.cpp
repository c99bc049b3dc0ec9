#include "anvil/compiler/frontend/library_text.hpp"

#include <clang/AST/ASTConsumer.h>
#include <clang/CodeGen/ModuleBuilder.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Lex/Preprocessor.h>
#include <llvm/IR/Module.h>

#include "anvil/compiler/frontend/clang_setup.hpp"
#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/frontend/entry.hpp"
#include "anvil/compiler/frontend/precompiled.hpp"
#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler {
namespace {

class TextAction : public clang::ASTFrontendAction {
 public:
  TextAction(std::function<std::string()> write, llvm::LLVMContext& context)
      : write_(std::move(write)), context_(context) {}

  std::unique_ptr<llvm::Module> take_module() { return std::move(module_); }

 protected:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler,
                                                        llvm::StringRef) override {
    compiler.getPreprocessor().AddPragmaHandler("anvil", entry_pragma(write_));
    auto code = clang::CreateLLVMCodeGen(compiler, "kernel", context_);
    code_ = code.get();
    return code;
  }
  void EndSourceFileAction() override { module_.reset(code_->ReleaseModule().release()); }

 private:
  std::function<std::string()> write_;
  llvm::LLVMContext& context_;
  clang::CodeGenerator* code_ = nullptr;
  std::unique_ptr<llvm::Module> module_;
};

}  // namespace

std::unique_ptr<llvm::Module> compile_library_text(const std::string& math, const Target& target,
                                                   llvm::LLVMContext& context,
                                                   const std::function<std::string()>& write) {
  Source none;
  none.name = "library_text";
  Diagnostics diagnostics(none);
  auto compiler =
      make_compiler(program_arguments({math, target}), diagnostics, target.thunk_headers());
  const std::string program = entry_request();
  set_input(*compiler, program, none.name);
  bool is_empty = true;
  TextAction action(
      [&] {
        const std::string text = write();
        is_empty = text.empty();
        return text;
      },
      context);
  if (!run(*compiler, action) || diagnostics.failed())
    throw InternalError("the compiler's own text does not compile");
  return is_empty ? nullptr : action.take_module();
}

}  // namespace anvil::compiler
