#include "anvil/compiler/frontend/frontend.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Decl.h>
#include <clang/AST/GlobalDecl.h>
#include <clang/Basic/SourceManager.h>
#include <clang/CodeGen/ModuleBuilder.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/MultiplexConsumer.h>
#include <clang/Lex/Pragma.h>
#include <clang/Lex/Preprocessor.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>

#include <functional>

#include "anvil/compiler/frontend/address_spaces.hpp"
#include "anvil/compiler/frontend/ast_consumer.hpp"
#include "anvil/compiler/frontend/clang_setup.hpp"
#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/frontend/precompiled.hpp"
#include "anvil/compiler/frontend/signature_reader.hpp"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler {
namespace {

// Gives clang the text that `make` returns once everything before the pragma is parsed.
class EntryPragma : public clang::PragmaHandler {
 public:
  explicit EntryPragma(std::function<std::string()> make)
      : PragmaHandler("entry"), make_(std::move(make)) {}

  void HandlePragma(clang::Preprocessor& preprocessor, clang::PragmaIntroducer introducer,
                    clang::Token& token) override {
    while (token.isNot(clang::tok::eod) && token.isNot(clang::tok::eof)) preprocessor.Lex(token);
    const std::string text = make_();
    if (text.empty()) return;
    const clang::FileID file = preprocessor.getSourceManager().createFileID(
        llvm::MemoryBuffer::getMemBufferCopy(text, "<entry>"));
    preprocessor.EnterSourceFile(file, nullptr, introducer.Loc);
  }

 private:
  std::function<std::string()> make_;
};

// Ends a program: an assertion, which no unfinished declaration may precede. clang reads one token
// ahead, and has then finished with the user's last declaration before it comes to a pragma.
constexpr const char* kEnd = "\nstatic_assert(true);\n";
constexpr const char* kEntryRequest = "#pragma anvil entry\n";

class KernelAction : public clang::ASTFrontendAction {
 public:
  using MakeEntry = std::function<std::string(KernelConsumer&)>;

  KernelAction(MakeEntry make_entry, llvm::LLVMContext* context)
      : make_entry_(std::move(make_entry)), context_(context) {}

  std::unique_ptr<llvm::Module> take_module() { return std::move(module_); }
  clang::CodeGenerator* code() { return code_; }
  /// Called once everything is parsed and generated, while the AST is alive.
  std::function<void(KernelConsumer&)> at_end;

 protected:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler,
                                                        llvm::StringRef) override {
    auto consumer = std::make_unique<KernelConsumer>();
    consumer_ = consumer.get();
    if (make_entry_)
      compiler.getPreprocessor().AddPragmaHandler(
          "anvil", new EntryPragma([this] { return make_entry_(*consumer_); }));
    std::vector<std::unique_ptr<clang::ASTConsumer>> consumers;
    consumers.push_back(std::move(consumer));
    if (context_) {
      auto code = clang::CreateLLVMCodeGen(compiler, "kernel", *context_);
      code_ = code.get();
      consumers.push_back(std::move(code));
    }
    return std::make_unique<clang::MultiplexConsumer>(std::move(consumers));
  }
  void EndSourceFileAction() override {
    if (at_end) at_end(*consumer_);
    if (code_) module_.reset(code_->ReleaseModule().release());
    code_ = nullptr;
  }

 private:
  MakeEntry make_entry_;
  llvm::LLVMContext* context_;
  KernelConsumer* consumer_ = nullptr;
  clang::CodeGenerator* code_ = nullptr;
  std::unique_ptr<llvm::Module> module_;
};

std::string qualified_name(const clang::NamedDecl& declaration) {
  clang::PrintingPolicy policy{clang::LangOptions()};
  policy.adjustForCPlusPlus();
  policy.SuppressUnwrittenScope = true;
  std::string name;
  llvm::raw_string_ostream out(name);
  declaration.printQualifiedName(out, policy);
  return "::" + name;
}

// The signature, and how to name the kernel in C++.
std::optional<KernelSignature> signature_of(KernelConsumer& consumer,
                                            const KernelConsumer::Kernel& kernel) {
  auto signature = read_signature(consumer.sema(), *kernel.function);
  if (!signature) return {};
  signature->callee = qualified_name(
      kernel.instance ? *kernel.instance : static_cast<const clang::NamedDecl&>(*kernel.function));
  signature->type = kernel.instance ? "__remove_pointer(decltype(" + signature->callee + "))"
                                    : "decltype(" + signature->callee + ")";
  return signature;
}

std::vector<FunctionConstantInfo> constants_of(KernelConsumer& consumer, const Program& program,
                                               clang::CodeGenerator* code) {
  std::vector<FunctionConstantInfo> constants;
  for (const clang::VarDecl* variable : consumer.constants()) {
    auto info = read_function_constant(consumer.context(), *variable);
    if (!info) continue;
    info->required = !program.tokens.guarded_constants.contains(info->name);
    if (code) {
      info->symbol = code->GetMangledName(variable).str();
      // The flag is declared right after its constant, in the same scope.
      const auto flag = variable->getDeclContext()->lookup(
          &consumer.context().Idents.get(std::string(kDefinedPrefix) + info->name));
      for (const clang::NamedDecl* declaration : flag)
        if (const auto* defined = llvm::dyn_cast<clang::VarDecl>(declaration))
          info->defined_symbol = code->GetMangledName(defined).str();
    }
    constants.push_back(std::move(*info));
  }
  return constants;
}

bool report_token_errors(const Program& program, Diagnostics& diagnostics) {
  for (const TokenPassError& error : program.tokens.errors)
    diagnostics.error_at(error.offset, error.message);
  return !program.tokens.errors.empty();
}

std::vector<std::string> arguments_for(const Dialect& dialect) {
  std::vector<std::string> arguments = language_arguments(dialect);
  for (std::string& argument : library_arguments(dialect)) arguments.push_back(std::move(argument));
  return arguments;
}

}  // namespace

std::optional<LibraryIndex> check_library(const Program& program, const Target& target) {
  // Every instantiation is named in place, which checks its declaration but not its body.
  std::vector<Edit> edits = program.tokens.edits;
  for (size_t i = 0; i < program.tokens.instances.size(); ++i) {
    const Instance& instance = program.tokens.instances[i];
    for (Edit& edit : edits)
      if (edit.begin == instance.begin && edit.end == instance.end)
        edit.replacement = "typedef decltype(" + instance.expression + ") " +
                           std::string(kInstancePrefix) + std::to_string(i) + ";";
  }
  const EditedText edited(program.source.expanded, std::move(edits));
  Diagnostics diagnostics(program.source, &edited);
  if (report_token_errors(program, diagnostics)) return {};

  LibraryIndex index;
  auto compiler =
      make_compiler(arguments_for({program.math, target}), diagnostics, target.thunk_headers());
  const std::string text = edited.text() + kEnd + kEndDeclarations;
  set_input(*compiler, text, program.source.name);
  KernelAction action(nullptr, nullptr);
  action.at_end = [&](KernelConsumer& consumer) {
    if (consumer.context().getDiagnostics().hasErrorOccurred()) return;
    for (const KernelConsumer::Kernel& kernel : consumer.kernels()) {
      const auto signature = signature_of(consumer, kernel);
      if (!signature) continue;
      std::string name = signature->name;
      if (kernel.instance) {
        const size_t number =
            std::stoul(kernel.instance->getName().substr(kInstancePrefix.size()).str());
        name = program.tokens.instances[number].name;
      }
      index.functions.push_back(std::move(name));
    }
    index.constants = constants_of(consumer, program, nullptr);
  };
  if (!run(*compiler, action) || diagnostics.failed()) return {};
  return index;
}

std::optional<CompiledKernel> compile_kernel(const Program& program, const KernelRequest& request,
                                             const Target& target, llvm::LLVMContext& context) {
  const std::string& name = request.name;
  std::vector<Edit> edits = program.tokens.edits;
  for (const Instance& instance : program.tokens.instances) {
    if (instance.name != name) continue;
    for (Edit& edit : edits)
      if (edit.begin == instance.begin && edit.end == instance.end)
        edit.replacement = "static constexpr auto " + std::string(kInstancePrefix) + "0 = &" +
                           instance.expression + ";";
    break;
  }
  EditedText edited(program.source.expanded, std::move(edits));
  const std::string text = edited.text() + kEnd + kEndDeclarations + kEntryRequest;
  Diagnostics diagnostics(program.source, &edited);

  CompiledKernel result;
  auto arguments = arguments_for({program.math, target});
  arguments.push_back("-w");  // warnings came with the library
  if (request.line_tables) arguments.push_back("-debug-info-kind=line-tables-only");
  auto compiler = make_compiler(arguments, diagnostics, target.thunk_headers());
  set_input(*compiler, text, program.source.name);
  const clang::FunctionDecl* function = nullptr;
  KernelAction action(
      [&](KernelConsumer& consumer) -> std::string {
        if (consumer.context().getDiagnostics().hasErrorOccurred()) return {};
        for (const KernelConsumer::Kernel& kernel : consumer.kernels()) {
          if (!kernel.instance && host_name(*kernel.function) != name) continue;
          auto signature = signature_of(consumer, kernel);
          if (!signature) return {};
          function = kernel.function;
          result.signature = std::move(*signature);
          result.signature.name = name;
          return target.thunk(result.signature);
        }
        return {};
      },
      &context);
  action.at_end = [&](KernelConsumer& consumer) {
    if (consumer.context().getDiagnostics().hasErrorOccurred() || !function) return;
    result.constants = constants_of(consumer, program, action.code());
    result.symbol = action.code()->GetMangledName(function).str();
    for (const clang::VarDecl* variable : consumer.initialised())
      if (auto place =
              diagnostics.where(variable->getLocation(), consumer.context().getSourceManager()))
        result.places.emplace(action.code()->GetMangledName(variable).str(), std::move(*place));
  };
  if (!run(*compiler, action) || diagnostics.failed()) return {};
  if (!function) {
    llvm::errs() << program.source.name << ": error: there is no kernel named '" << name
                 << "' in the library\n";
    return {};
  }
  result.module = action.take_module();
  return result;
}

}  // namespace anvil::compiler
