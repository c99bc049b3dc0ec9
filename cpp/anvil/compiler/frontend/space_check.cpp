#include "anvil/compiler/frontend/space_check.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/DynamicRecursiveASTVisitor.h>
#include <clang/AST/Expr.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/TypeLoc.h>
#include <clang/Basic/SourceManager.h>
#include <llvm/ADT/SmallPtrSet.h>

#include <algorithm>
#include <optional>
#include <string>

#include "anvil/compiler/frontend/address_spaces.hpp"
#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/frontend/type_names.hpp"
#include "anvil/compiler/source/symbols.hpp"
#include "anvil/compiler/source/tokens.hpp"

namespace anvil::compiler {
namespace {

namespace tok = clang::tok;
using clang::LangAS;

// A word that may stand among the specifiers of a declaration, beside a type's own.
bool is_specifier(const Token& token) {
  for (const char* word : {"const", "volatile", "static", "constexpr", "inline", "extern",
                           "mutable", "typename", "struct", "class", "union", "enum", "restrict"})
    if (token.is(word)) return true;
  return token.is(kThreadWord);
}

// `thread` is a macro for nothing: whether it is written is seen in the text alone.
class Text {
 public:
  explicit Text(const clang::SourceManager& sources) : sources_(sources) {}

  /// Whether it is among the specifiers around a type, or behind a pointer.
  bool says_thread(clang::TypeLoc type) {
    if (!tokens_)
      tokens_.emplace(std::string_view(sources_.getBufferData(sources_.getMainFileID())));
    const auto first = index(type.getBeginLoc()), last = index(type.getEndLoc());
    if (!first || !last) return true;
    for (size_t i = *first; i <= *last; ++i)
      if ((*tokens_)[i].is(kThreadWord)) return true;
    for (size_t i = *last + 1; is_specifier((*tokens_)[i]); ++i)
      if ((*tokens_)[i].is(kThreadWord)) return true;
    for (size_t i = *first; i-- > 0;) {
      const Token& token = (*tokens_)[i];
      if (token.is(kThreadWord)) return true;
      if (token.is(tok::r_paren) || token.is(tok::r_square)) {
        // An attribute or an alignment.
        if (tokens_->partner(i) >= tokens_->size()) return false;
        i = tokens_->partner(i);
        if (i > 0 && (*tokens_)[i - 1].is_identifier()) --i;
      } else if (!is_specifier(token)) {
        return false;
      }
    }
    return false;
  }

 private:
  std::optional<size_t> index(clang::SourceLocation location) const {
    const auto [file, offset] = sources_.getDecomposedLoc(sources_.getFileLoc(location));
    if (file != sources_.getMainFileID()) return {};
    size_t low = 0, high = tokens_->size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if ((*tokens_)[middle].end <= offset)
        low = middle + 1;
      else
        high = middle;
    }
    return low < tokens_->size() ? std::optional(low) : std::nullopt;
  }

  const clang::SourceManager& sources_;
  std::optional<TokenSequence> tokens_;
};

// Whether a template argument or a deduction decides what the type is.
bool is_deduced(clang::QualType type) {
  return type->isDependentType() || type->getContainedDeducedType() ||
         type->getAs<clang::SubstTemplateTypeParmType>() || type->getAs<clang::DecltypeType>();
}

}  // namespace

class SpaceCheck::Visitor : public clang::DynamicRecursiveASTVisitor {
 public:
  explicit Visitor(clang::ASTContext& context)
      : context_(context), text_(context.getSourceManager()) {}

  void check(clang::Decl& declaration) {
    const auto* function = llvm::dyn_cast<clang::FunctionDecl>(&declaration);
    is_instance_ = function && function->isTemplateInstantiation();
    TraverseDecl(&declaration);
  }

  bool VisitPointerTypeLoc(clang::PointerTypeLoc type) override {
    return check_written(type.getPointeeLoc(), type.getStarLoc(), "pointer");
  }
  bool VisitLValueReferenceTypeLoc(clang::LValueReferenceTypeLoc type) override {
    return check_written(type.getPointeeLoc(), type.getAmpLoc(), "reference");
  }

  bool VisitCallExpr(clang::CallExpr* call) override {
    const clang::Decl* callee = call->getCalleeDecl();
    if (const auto* member = llvm::dyn_cast<clang::CXXMemberCallExpr>(call))
      accept(member->getImplicitObjectArgument());
    // An object may be in any address space that its method takes.
    if (llvm::isa<clang::CXXOperatorCallExpr>(call) &&
        llvm::isa_and_nonnull<clang::CXXMethodDecl>(callee))
      accept(call->getArg(0));
    if (callee && !is_users(*callee))
      for (const clang::Expr* argument : call->arguments()) accept(argument);
    return true;
  }
  bool VisitCXXConstructExpr(clang::CXXConstructExpr* expression) override {
    if (!is_users(*expression->getConstructor()))
      for (const clang::Expr* argument : expression->arguments()) accept(argument);
    return true;
  }
  bool VisitMemberExpr(clang::MemberExpr* member) override {
    accept(member->getBase());
    return true;
  }
  bool VisitExplicitCastExpr(clang::ExplicitCastExpr* cast) override {
    accept(cast->getSubExpr());
    if (!llvm::isa<clang::StringLiteral>(cast->getSubExpr()->IgnoreParenImpCasts()))
      check_conversion(*cast, *cast->getSubExprAsWritten(), cast->getBeginLoc());
    return true;
  }
  bool VisitImplicitCastExpr(clang::ImplicitCastExpr* cast) override {
    if (!accepted_.contains(cast)) check_conversion(*cast, *cast->getSubExpr(), cast->getExprLoc());
    return true;
  }

  bool VisitInitListExpr(clang::InitListExpr* list) override {
    if (!list->isSemanticForm()) list = list->getSemanticForm();
    for (clang::Expr* value : list->inits())
      if (auto* cast = llvm::dyn_cast<clang::ImplicitCastExpr>(value)) VisitImplicitCastExpr(cast);
    return true;
  }

 private:
  void error(clang::SourceLocation location, const std::string& message) {
    report_error(context_.getDiagnostics(), location, message);
  }
  bool is_users(const clang::Decl& declaration) const {
    const clang::SourceManager& sources = context_.getSourceManager();
    return sources.getFileID(sources.getFileLoc(declaration.getLocation())) ==
           sources.getMainFileID();
  }
  // The conversions around an expression mean no more than that it is used there.
  void accept(const clang::Expr* expression) {
    while (const auto* cast = llvm::dyn_cast<clang::ImplicitCastExpr>(expression)) {
      accepted_.insert(cast);
      expression = cast->getSubExpr()->IgnoreParens();
    }
  }

  bool check_written(clang::TypeLoc pointee, clang::SourceLocation at, const std::string& kind) {
    const clang::QualType type = pointee.getType();
    // A pointer itself is in the thread address space without saying so: MLX has references to
    // some.
    if (is_instance_ || is_deduced(type) || type->isFunctionType() || type->isPointerType() ||
        type.getAddressSpace() != LangAS::Default || text_.says_thread(pointee))
      return true;
    error(at, kind +
                  " type must have explicit address space qualifier: device, constant, "
                  "threadgroup or thread");
    return true;
  }

  void check_conversion(const clang::Expr& to, const clang::Expr& from,
                        clang::SourceLocation location) {
    clang::QualType target = to.getType(), source = from.getType();
    if (target->isDependentType() || source->isDependentType()) return;
    if (target->isPointerType()) {
      if (source->isArrayType()) source = context_.getArrayDecayedType(source);
      if (!source->isPointerType()) return;
      target = target->getPointeeType();
      source = source->getPointeeType();
    } else if (!to.isGLValue() || !from.isGLValue() || target.isConstQualified()) {
      return;  // a value, or read as one
    }
    if (target.getAddressSpace() == source.getAddressSpace()) return;
    error(location, "cannot convert from '" + name(source) + "' to '" + name(target) +
                        "': a pointer or reference stays in its address space");
  }
  static std::string name(clang::QualType pointee) {
    return std::string(address_space_name(pointee.getAddressSpace())) + ' ' +
           msl_type_name(pointee) + '*';
  }

  clang::ASTContext& context_;
  Text text_;
  llvm::SmallPtrSet<const clang::ImplicitCastExpr*, 16> accepted_;
  bool is_instance_ = false;
};

SpaceCheck::SpaceCheck(clang::ASTContext& context) : visitor_(std::make_unique<Visitor>(context)) {}
SpaceCheck::~SpaceCheck() = default;

void SpaceCheck::check(clang::Decl& declaration) {
  visitor_->check(declaration);
}

}  // namespace anvil::compiler
