#include "anvil/compiler/frontend/restrictions.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/DynamicRecursiveASTVisitor.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/TypeLoc.h>

#include <string>
#include "anvil/compiler/frontend/diagnostics.hpp"

namespace anvil::compiler {
namespace {

class Restrictions : public clang::DynamicRecursiveASTVisitor {
 public:
  explicit Restrictions(clang::ASTContext& context) : context_(context) {}

  bool VisitBuiltinTypeLoc(clang::BuiltinTypeLoc type) override {
    const auto kind = type.getTypePtr()->getKind();
    if (kind == clang::BuiltinType::Double || kind == clang::BuiltinType::LongDouble)
      error(type.getBeginLoc(), "unsupported type 'double'; supported: float, half, bfloat");
    return true;
  }
  bool VisitGotoStmt(clang::GotoStmt* statement) override {
    error(statement->getGotoLoc(),
          "unsupported goto statement; supported: loops, break, continue, switch and return");
    return true;
  }
  bool VisitIndirectGotoStmt(clang::IndirectGotoStmt* statement) override {
    error(statement->getGotoLoc(),
          "unsupported goto statement; supported: loops, break, continue, switch and return");
    return true;
  }
  bool VisitCXXMethodDecl(clang::CXXMethodDecl* method) override {
    if (method->isVirtualAsWritten())
      error(method->getLocation(), "unsupported virtual function '" + method->getNameAsString() +
                                       "'; supported: overloads and templates");
    return true;
  }
  bool VisitCXXNewExpr(clang::CXXNewExpr* expression) override {
    return no_allocation(expression->getBeginLoc(), "new");
  }
  bool VisitCXXDeleteExpr(clang::CXXDeleteExpr* expression) override {
    return no_allocation(expression->getBeginLoc(), "delete");
  }

 private:
  void error(clang::SourceLocation location, const std::string& message) {
    report_error(context_.getDiagnostics(), location, message);
  }
  bool no_allocation(clang::SourceLocation location, const std::string& word) {
    error(location, "unsupported " + word +
                        " expression; supported: variables, and memory that is an argument");
    return true;
  }

  clang::ASTContext& context_;
};

}  // namespace

void check_restrictions(clang::ASTContext& context, clang::Decl& declaration) {
  Restrictions(context).TraverseDecl(&declaration);
}

}  // namespace anvil::compiler
