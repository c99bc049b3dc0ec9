#include "anvil/compiler/frontend/frontend.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Decl.h>
#include <clang/AST/GlobalDecl.h>
#include <clang/Basic/SourceManager.h>
#include <clang/CodeGen/ModuleBuilder.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/MultiplexConsumer.h>
#include <clang/Lex/Preprocessor.h>
#include <clang/Sema/Sema.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <functional>

#include "anvil/compiler/frontend/address_spaces.hpp"
#include "anvil/compiler/frontend/ast_consumer.hpp"
#include "anvil/compiler/frontend/clang_setup.hpp"
#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/frontend/entry.hpp"
#include "anvil/compiler/frontend/precompiled.hpp"
#include "anvil/compiler/frontend/signature_reader.hpp"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler {
namespace {

class ProgramAction : public clang::ASTFrontendAction {
 public:
  /// `parsed` is called where the program ends, and gives text that goes on; `at_end` when that is
  /// parsed too and code is generated. The AST is alive in both.
  ProgramAction(std::function<std::string(KernelConsumer&)> parsed,
                std::function<void(KernelConsumer&)> at_end, llvm::LLVMContext& context)
      : parsed_(std::move(parsed)), at_end_(std::move(at_end)), context_(context) {}

  std::unique_ptr<llvm::Module> take_module() { return std::move(module_); }
  clang::CodeGenerator& code() { return *code_; }

 protected:
  std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler,
                                                        llvm::StringRef) override {
    auto consumer = std::make_unique<KernelConsumer>();
    consumer_ = consumer.get();
    compiler.getPreprocessor().AddPragmaHandler(
        "anvil", entry_pragma([this] { return parsed_(*consumer_); }));
    std::vector<std::unique_ptr<clang::ASTConsumer>> consumers;
    consumers.push_back(std::move(consumer));
    auto code = clang::CreateLLVMCodeGen(compiler, "kernel", context_);
    code_ = code.get();
    consumers.push_back(std::move(code));
    return std::make_unique<clang::MultiplexConsumer>(std::move(consumers));
  }
  void EndSourceFileAction() override {
    at_end_(*consumer_);
    module_.reset(code_->ReleaseModule().release());
    code_ = nullptr;
  }

 private:
  std::function<std::string(KernelConsumer&)> parsed_;
  std::function<void(KernelConsumer&)> at_end_;
  llvm::LLVMContext& context_;
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

/// How to name it in C++.
std::string callee_of(const KernelConsumer::Function& function) {
  return qualified_name(function.instance
                            ? *function.instance
                            : static_cast<const clang::NamedDecl&>(*function.function));
}

// The signature, and how to name the kernel in C++.
std::optional<KernelSignature> signature_of(KernelConsumer& consumer,
                                            const KernelConsumer::Function& kernel) {
  auto signature = read_signature(consumer.sema(), *kernel.function);
  if (!signature) return {};
  signature->callee = callee_of(kernel);
  signature->type = kernel.instance ? "__remove_pointer(decltype(" + signature->callee + "))"
                                    : "decltype(" + signature->callee + ")";
  return signature;
}

std::vector<FunctionConstantInfo> constants_of(KernelConsumer& consumer, const Program& program,
                                               clang::CodeGenerator& code) {
  std::vector<FunctionConstantInfo> constants;
  for (const clang::VarDecl* variable : consumer.constants()) {
    auto info = read_function_constant(consumer.context(), *variable);
    if (!info) continue;
    info->required = !program.tokens.guarded_constants.contains(info->name);
    info->symbol = code.GetMangledName(variable).str();
    // The flag is declared right after its constant, in the same scope.
    const auto flag = variable->getDeclContext()->lookup(
        &consumer.context().Idents.get(std::string(kDefinedPrefix) + info->name));
    for (const clang::NamedDecl* declaration : flag)
      if (const auto* defined = llvm::dyn_cast<clang::VarDecl>(declaration))
        info->defined_symbol = code.GetMangledName(defined).str();
    constants.push_back(std::move(*info));
  }
  return constants;
}

bool report_token_errors(const Program& program, Diagnostics& diagnostics) {
  for (const TokenPassError& error : program.tokens.errors)
    diagnostics.error_at(error.offset, error.message);
  return !program.tokens.errors.empty();
}

/// The program with every instantiation named in place, and those casts rewritten.
EditedText edited_text(const Program& program, const SmallFloatCasts& casts) {
  std::vector<Edit> edits = program.tokens.edits;
  for (size_t i = 0; i < program.tokens.instances.size(); ++i) {
    const Instance& instance = program.tokens.instances[i];
    for (Edit& edit : edits)
      if (edit.begin == instance.begin && edit.end == instance.end)
        edit.replacement = "static constexpr auto " + std::string(kInstancePrefix) +
                           std::to_string(i) + " = &" + instance.expression + ";";
  }
  edits.insert(edits.end(), casts.edits().begin(), casts.edits().end());
  return {program.source.expanded, std::move(edits)};
}

/// As the host knows it.
std::string name_of(const KernelConsumer::Function& kernel, const Program& program) {
  if (!kernel.instance) return host_name(*kernel.function);
  const llvm::StringRef number = kernel.instance->getName().substr(kInstancePrefix.size());
  return program.tokens.instances[std::stoul(number.str())].name;
}

/// The addresses of the functions that are linked, as constants of the program; nothing, after a
/// diagnostic, where there is none of a name. They join `functions`.
std::optional<std::string> linked_text(const std::vector<std::string>& names,
                                       const KernelConsumer& consumer, const Program& program,
                                       std::vector<const clang::FunctionDecl*>& functions) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto& all = consumer.visible();
    const auto found = std::ranges::find_if(all, [&](const KernelConsumer::Function& function) {
      return name_of(function, program) == names[i];
    });
    if (found == all.end()) {
      llvm::errs() << program.source.name << ": error: there is no visible function named '"
                   << names[i] << "' in the library\n";
      return {};
    }
    functions.push_back(found->function);
    text += "extern \"C\" constexpr auto " + std::string(kLinkedPrefix) + std::to_string(i) +
            " = " + (found->instance ? "" : "&") + callee_of(*found) + ";\n";
  }
  return text;
}

/// The bodies of all templates that are used, except those that the host knows: only what is wanted
/// gets its body. Returns what was left out.
std::vector<clang::Sema::PendingImplicitInstantiation> instantiate_but_kernels(
    clang::Sema& sema, const KernelConsumer& consumer) {
  std::vector<clang::Sema::PendingImplicitInstantiation> kernels;
  std::vector<const clang::FunctionDecl*> instances;
  for (const auto* list : {&consumer.kernels(), &consumer.visible()})
    for (const KernelConsumer::Function& function : *list)
      if (function.instance) instances.push_back(function.function);
  auto& pending = sema.PendingInstantiations;
  const auto is_kernel = [&](const auto& entry) {
    return std::ranges::find(instances, entry.first) != instances.end();
  };
  std::ranges::copy_if(pending, std::back_inserter(kernels), is_kernel);
  std::erase_if(pending, is_kernel);
  sema.PerformPendingInstantiations();
  return kernels;
}

LibraryIndex index_of(KernelConsumer& consumer, const Program& program,
                      clang::CodeGenerator& code) {
  LibraryIndex index;
  for (const KernelConsumer::Function& kernel : consumer.kernels())
    if (signature_of(consumer, kernel)) index.functions.push_back(name_of(kernel, program));
  for (const KernelConsumer::Function& function : consumer.visible())
    index.visible.push_back(name_of(function, program));
  index.constants = constants_of(consumer, program, code);
  return index;
}

std::optional<Compiled> try_program(const Program& program, const Target& target,
                                    const FrontEndOptions& options, llvm::LLVMContext& context,
                                    const std::function<Wish()>& ask, SmallFloatCasts& casts) {
  const EditedText edited = edited_text(program, casts);
  Diagnostics diagnostics(program.source, &edited, &casts);
  if (report_token_errors(program, diagnostics)) return {};

  auto arguments = program_arguments({program.math, target});
  if (!options.warnings) arguments.push_back("-w");
  if (options.line_tables) arguments.push_back("-debug-info-kind=line-tables-only");
  auto compiler = make_compiler(arguments, diagnostics, target.thunk_headers());
  const std::string text = edited.text() + entry_request();
  set_input(*compiler, text, program.source.name);

  const auto has_errors = [&] { return compiler->getDiagnostics().hasErrorOccurred(); };
  Wish wish;
  LibraryIndex index;
  CompiledKernel result;
  const clang::FunctionDecl* function = nullptr;
  ProgramAction action(
      [&](KernelConsumer& consumer) -> std::string {
        if (has_errors()) return {};
        clang::Sema& sema = compiler->getSema();
        const auto bodies = instantiate_but_kernels(sema, consumer);
        if (has_errors()) return {};
        wish = ask();
        if (wish.kernel.empty()) return {};
        compiler->getDiagnostics().setIgnoreAllWarnings(true);  // they came with the index
        for (const KernelConsumer::Function& kernel : consumer.kernels()) {
          if (name_of(kernel, program) != wish.kernel) continue;
          auto signature = signature_of(consumer, kernel);
          if (!signature) return {};
          std::vector<const clang::FunctionDecl*> wanted{kernel.function};
          const auto linked = linked_text(wish.linked, consumer, program, wanted);
          if (!linked) return {};
          for (const auto& body : bodies)
            if (std::ranges::find(wanted, body.first) != wanted.end())
              sema.PendingInstantiations.push_back(body);
          function = kernel.function;
          result.signature = std::move(*signature);
          result.signature.name = wish.kernel;
          return *linked + wish.target->thunk(result.signature);
        }
        return {};
      },
      [&](KernelConsumer& consumer) {
        if (has_errors()) return;
        if (wish.kernel.empty()) index = index_of(consumer, program, action.code());
        if (!function) return;
        result.constants = constants_of(consumer, program, action.code());
        result.symbol = action.code().GetMangledName(function).str();
        for (const clang::VarDecl* variable : consumer.initialised())
          if (auto place =
                  diagnostics.where(variable->getLocation(), consumer.context().getSourceManager()))
            result.places.emplace(action.code().GetMangledName(variable).str(), std::move(*place));
      },
      context);
  if (!run(*compiler, action) || diagnostics.failed()) return {};
  if (wish.kernel.empty()) return index;
  if (!function) {
    llvm::errs() << program.source.name << ": error: there is no kernel named '" << wish.kernel
                 << "' in the library\n";
    return {};
  }
  result.module = action.take_module();
  return result;
}

}  // namespace

std::optional<Compiled> compile_program(const Program& program, const Target& target,
                                        const FrontEndOptions& options, llvm::LLVMContext& context,
                                        const std::function<Wish()>& ask) {
  std::optional<Wish> wish;
  const auto ask_once = [&] {
    if (!wish) wish = ask();
    return *wish;
  };
  SmallFloatCasts casts(program.source.expanded);
  for (;;) {
    casts.begin_run();
    auto compiled = try_program(program, target, options, context, ask_once, casts);
    if (!casts.pending()) return compiled;
  }
}

}  // namespace anvil::compiler
