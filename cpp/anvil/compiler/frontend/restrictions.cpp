#include "anvil/compiler/frontend/restrictions.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/DeclTemplate.h>
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
  bool VisitCXXConstructExpr(clang::CXXConstructExpr* expression) override {
    check_components(*expression);
    return true;
  }
  // Of a list that says less than it means what is meant is not visited by itself.
  bool VisitInitListExpr(clang::InitListExpr* list) override {
    if (list->isSemanticForm() && list->isSyntacticForm()) return true;
    const clang::InitListExpr* meant = list->isSemanticForm() ? list : list->getSemanticForm();
    for (const clang::Expr* value : meant->inits())
      if (const auto* made = llvm::dyn_cast_or_null<clang::CXXConstructExpr>(value))
        check_components(*made);
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
  // The library's constructors take as many values between braces as there are.
  void check_components(const clang::CXXConstructExpr& expression) {
    if (!expression.isStdInitListInitialization() || expression.getNumArgs() != 1) return;
    const auto* made = llvm::dyn_cast<clang::ClassTemplateSpecializationDecl>(
        expression.getConstructor()->getParent());
    const auto* list =
        llvm::dyn_cast<clang::CXXStdInitializerListExpr>(expression.getArg(0)->IgnoreImplicit());
    const auto* values =
        list ? llvm::dyn_cast<clang::InitListExpr>(list->getSubExpr()->IgnoreImplicit()) : nullptr;
    if (!made || !values) return;
    const std::string type = made->getQualifiedNameAsString();
    if (type != "metal::vec" && type != "metal::packed_vec") return;
    const auto components =
        static_cast<unsigned>(made->getTemplateArgs()[1].getAsIntegral().getZExtValue());
    if (values->getNumInits() > components)
      error(values->getInit(components)->getBeginLoc(),
            "excess elements in vector initializer: " + std::to_string(values->getNumInits()) +
                " for " + std::to_string(components) + " components");
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
