// ast_consumer.hpp: collects kernels and function constants while clang parses, and readies
// declarations for code generation.
#pragma once

#include <clang/Basic/SourceLocation.h>
#include <clang/Sema/SemaConsumer.h>

#include <optional>
#include <string>
#include <vector>

#include "anvil/compiler/frontend/space_check.hpp"
#include "anvil/compiler/source/signature.hpp"

namespace clang {
class CXXMethodDecl;
class Expr;
class FunctionDecl;
class NamedDecl;
class Stmt;
class VarDecl;
}  // namespace clang

namespace anvil::compiler {

class KernelConsumer : public clang::SemaConsumer {
 public:
  /// That the host knows.
  struct Function {
    const clang::FunctionDecl* function;
    const clang::NamedDecl* instance;  ///< null for one that is no template
  };

  void Initialize(clang::ASTContext& context) override;
  void InitializeSema(clang::Sema& sema) override { sema_ = &sema; }
  void ForgetSema() override { sema_ = nullptr; }
  bool HandleTopLevelDecl(clang::DeclGroupRef group) override;
  void HandleInlineFunctionDefinition(clang::FunctionDecl* function) override;
  void HandleTranslationUnit(clang::ASTContext& context) override;

  clang::ASTContext& context() const { return *context_; }
  clang::Sema& sema() const { return *sema_; }
  const std::vector<Function>& kernels() const { return kernels_; }
  /// Those that [[visible]] or [[stitchable]] offers to function tables.
  const std::vector<Function>& visible() const { return visible_; }
  const std::vector<const clang::VarDecl*>& constants() const { return constants_; }
  /// Program scope variables with an initialiser, whatever its kind.
  const std::vector<const clang::VarDecl*>& initialised() const { return initialised_; }

 private:
  void check(clang::Decl& declaration);
  void visit(clang::Decl* declaration);
  void visit_function(clang::FunctionDecl* function);
  void visit_variable(clang::VarDecl* variable);
  void visit_instance(const clang::NamedDecl* instance, const clang::Expr* expression);
  void visit_threadgroup_variables(clang::Stmt* statement);
  void error(clang::SourceLocation location, const std::string& message);

  clang::ASTContext* context_ = nullptr;
  clang::Sema* sema_ = nullptr;
  std::optional<SpaceCheck> spaces_;
  std::vector<clang::CXXMethodDecl*> methods_;  // all that are defined
  std::vector<Function> kernels_, visible_;
  std::vector<const clang::VarDecl*> constants_, initialised_;
};

}  // namespace anvil::compiler
