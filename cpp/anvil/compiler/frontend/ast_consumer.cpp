#include "anvil/compiler/frontend/ast_consumer.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Attr.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/Expr.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/Stmt.h>
#include <clang/Basic/SourceManager.h>

#include "anvil/compiler/frontend/address_spaces.hpp"
#include "anvil/compiler/frontend/confinement.hpp"
#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/frontend/restrictions.hpp"
#include "anvil/compiler/frontend/signature_reader.hpp"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler {

namespace {

bool is_visible(const clang::FunctionDecl& function) {
  return has_annotation(function, "visible") || has_annotation(function, "stitchable");
}

}  // namespace

void KernelConsumer::Initialize(clang::ASTContext& context) {
  context_ = &context;
  spaces_.emplace(context);
}

void KernelConsumer::check(clang::Decl& declaration) {
  check_confined(*context_, declaration);
  check_restrictions(*context_, declaration);
  spaces_->check(declaration);
}

bool KernelConsumer::HandleTopLevelDecl(clang::DeclGroupRef group) {
  for (clang::Decl* declaration : group) {
    const clang::SourceManager& sources = context_->getSourceManager();
    if (sources.getFileID(declaration->getLocation()) == sources.getMainFileID())
      check(*declaration);
    visit(declaration);
  }
  return true;
}

void KernelConsumer::HandleInlineFunctionDefinition(clang::FunctionDecl* function) {
  if (auto* method = llvm::dyn_cast<clang::CXXMethodDecl>(function)) methods_.push_back(method);
}

// Code is generated after this.
void KernelConsumer::HandleTranslationUnit(clang::ASTContext&) {
  for (clang::CXXMethodDecl* method : methods_) keep_aliases(*method);
}

void KernelConsumer::error(clang::SourceLocation location, const std::string& message) {
  report_error(context_->getDiagnostics(), location, message);
}

void KernelConsumer::visit(clang::Decl* declaration) {
  if (declaration->isInvalidDecl()) return;
  if (auto* function = llvm::dyn_cast<clang::FunctionDecl>(declaration)) {
    visit_function(function);
  } else if (auto* variable = llvm::dyn_cast<clang::VarDecl>(declaration)) {
    visit_variable(variable);
  } else if (llvm::isa<clang::NamespaceDecl, clang::LinkageSpecDecl>(declaration)) {
    for (clang::Decl* inner : llvm::cast<clang::DeclContext>(declaration)->decls()) visit(inner);
  }
}

void KernelConsumer::visit_function(clang::FunctionDecl* function) {
  if (function->isExternC() && function->getNameAsString() == kScalarEntry) return;
  HandleInlineFunctionDefinition(function);
  // Code is generated for what the entry calls, not for every function of the library.
  function->setImplicitlyInline();
  if (function->isThisDeclarationADefinition() && function->getBody())
    visit_threadgroup_variables(function->getBody());
  if (!function->isThisDeclarationADefinition() || function->isTemplated() ||
      function->isTemplateInstantiation())
    return;
  if (has_annotation(*function, "kernel")) kernels_.push_back({function, nullptr});
  if (is_visible(*function)) visible_.push_back({function, nullptr});
}

void KernelConsumer::visit_variable(clang::VarDecl* variable) {
  if (variable->getName().starts_with(kInstancePrefix) && variable->getInit()) {
    visit_instance(variable, variable->getInit());
  } else if (has_annotation(*variable, "function_constant")) {
    constants_.push_back(variable);
  } else if (variable->getInit()) {
    initialised_.push_back(variable);
  }
}

void KernelConsumer::visit_instance(const clang::NamedDecl* instance,
                                    const clang::Expr* expression) {
  expression = expression->IgnoreParenCasts();
  while (const auto* address = llvm::dyn_cast<clang::UnaryOperator>(expression))
    expression = address->getSubExpr()->IgnoreParenCasts();
  const auto* reference = llvm::dyn_cast<clang::DeclRefExpr>(expression);
  const auto* function =
      reference ? llvm::dyn_cast<clang::FunctionDecl>(reference->getDecl()) : nullptr;
  if (!function) {
    error(instance->getLocation(), "[[host_name]] does not name a function");
    return;
  }
  (is_visible(*function) ? visible_ : kernels_).push_back({function, instance});
}

// No constructor runs for threadgroup memory.
void KernelConsumer::visit_threadgroup_variables(clang::Stmt* statement) {
  if (!statement) return;
  if (auto* declarations = llvm::dyn_cast<clang::DeclStmt>(statement)) {
    for (clang::Decl* declaration : declarations->decls()) {
      auto* variable = llvm::dyn_cast<clang::VarDecl>(declaration);
      const auto* section = variable ? variable->getAttr<clang::SectionAttr>() : nullptr;
      if (!section || section->getName() != llvm::StringRef(kThreadgroupSection)) continue;
      variable->setInit(nullptr);
    }
  }
  for (clang::Stmt* child : statement->children()) visit_threadgroup_variables(child);
}

}  // namespace anvil::compiler
