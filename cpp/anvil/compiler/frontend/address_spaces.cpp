#include "anvil/compiler/frontend/address_spaces.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Attr.h>
#include <clang/AST/DeclCXX.h>
#include <clang/Basic/IdentifierTable.h>
#include <clang/Basic/ParsedAttrInfo.h>
#include <clang/Lex/Lexer.h>
#include <clang/Sema/ParsedAttr.h>
#include <clang/Sema/Sema.h>

#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler {
namespace {

// The address space that a method is written with: clang parses the qualifier, but drops it.
clang::LangAS written_space(const clang::Sema& sema, const clang::CXXMethodDecl& method) {
  const auto prototype = method.getFunctionTypeLoc();
  if (!prototype) return clang::LangAS::Default;
  const clang::SourceManager& sources = sema.getSourceManager();
  for (clang::SourceLocation at = prototype.getRParenLoc();;) {
    const auto token = clang::Lexer::findNextToken(at, sources, sema.getLangOpts());
    if (!token || !token->is(clang::tok::raw_identifier)) return clang::LangAS::Default;
    const llvm::StringRef word = token->getRawIdentifier();
    if (word == "__global") return kDeviceSpace;
    if (word == "__local") return kThreadgroupSpace;
    if (word == "__constant") return kConstantSpace;
    if (word != "const" && word != "volatile") return clang::LangAS::Default;
    at = token->getLocation();
  }
}

void set_qualifiers(clang::CXXMethodDecl& method, clang::Qualifiers qualifiers) {
  const auto* type = method.getType()->getAs<clang::FunctionProtoType>();
  clang::FunctionProtoType::ExtProtoInfo info = type->getExtProtoInfo();
  info.TypeQuals = qualifiers;
  const clang::QualType qualified =
      method.getASTContext().getFunctionType(type->getReturnType(), type->getParamTypes(), info);
  method.setType(qualified);
  // Templates are instantiated from what was written.
  method.getTypeSourceInfo()->overrideType(qualified);
}

// An object in the thread address space has no qualifier, and clang looks at a method's address
// space only where the other qualifiers of the two differ. No object is __restrict.
void add_space(clang::CXXMethodDecl& method, clang::LangAS space) {
  clang::Qualifiers qualifiers = method.getMethodQualifiers();
  qualifiers.setAddressSpace(space);
  if (!llvm::isa<clang::CXXConstructorDecl>(method)) qualifiers.addRestrict();
  set_qualifiers(method, qualifiers);
}

void place_method(const clang::Sema& sema, clang::CXXMethodDecl& method) {
  if (method.isStatic() || llvm::isa<clang::CXXDestructorDecl>(method)) return;
  const clang::LangAS space = written_space(sema, method);
  if (space != clang::LangAS::Default) add_space(method, space);
  if (llvm::isa<clang::CXXConstructorDecl>(method)) return;
  for (clang::NamedDecl* other : method.getParent()->lookup(method.getDeclName())) {
    auto* namesake = llvm::dyn_cast_or_null<clang::CXXMethodDecl>(other->getAsFunction());
    if (!namesake || namesake == &method || namesake->isStatic()) continue;
    const clang::LangAS its = namesake->getMethodQualifiers().getAddressSpace();
    if (space == clang::LangAS::Default && its != clang::LangAS::Default)
      return add_space(method, space);
    if (space != clang::LangAS::Default && its == clang::LangAS::Default) add_space(*namesake, its);
  }
}

void place_variable(clang::VarDecl& variable) {
  if (!variable.getParentFunctionOrMethod()) return;
  const clang::LangAS space = variable.getType().getAddressSpace();
  if (space != kThreadgroupSpace && space != kConstantSpace) return;
  variable.setStorageClass(clang::SC_Static);
  if (space == kThreadgroupSpace)
    variable.addAttr(
        clang::SectionAttr::CreateImplicit(variable.getASTContext(), kThreadgroupSection));
}

// clang asks attributes about a declaration before it compares it with others, or looks at where it
// may be.
struct Placement : clang::ParsedAttrInfo {
  Placement() {
    static constexpr Spelling kSpellings[] = {{clang::ParsedAttr::AS_GNU, "anvil_declaration"}};
    Spellings = kSpellings;
    IsSupportedByPragmaAttribute = true;
  }
  void getPragmaAttributeMatchRules(
      llvm::SmallVectorImpl<std::pair<clang::attr::SubjectMatchRule, bool>>& rules,
      const clang::LangOptions&) const override {
    rules.emplace_back(clang::attr::SubjectMatchRule_variable_not_is_parameter, true);
    rules.emplace_back(clang::attr::SubjectMatchRule_function_is_member, true);
  }
  AttrHandling handleDeclAttribute(clang::Sema& sema, clang::Decl* declaration,
                                   const clang::ParsedAttr&) const override {
    if (auto* variable = llvm::dyn_cast<clang::VarDecl>(declaration)) place_variable(*variable);
    if (auto* method = llvm::dyn_cast<clang::CXXMethodDecl>(declaration))
      place_method(sema, *method);
    return AttributeApplied;
  }
};

}  // namespace

const char* const kBeginDeclarations =
    "#pragma clang attribute push(__attribute__((anvil_declaration)), apply_to = "
    "any(variable(unless(is_parameter)), function(is_member)))\n";
const char* const kEndDeclarations = "#pragma clang attribute pop\n";

void keep_aliases(clang::CXXMethodDecl& method) {
  clang::Qualifiers qualifiers = method.getMethodQualifiers();
  if (!qualifiers.hasRestrict()) return;
  qualifiers.removeRestrict();
  set_qualifiers(method, qualifiers);
}

std::string_view address_space_name(clang::LangAS space) {
  switch (space) {
    case kDeviceSpace:
      return "device";
    case kThreadgroupSpace:
      return "threadgroup";
    case kConstantSpace:
      return "constant";
    default:
      return "thread";
  }
}

void add_address_spaces(clang::IdentifierTable& words) {
  static const clang::ParsedAttrInfoRegistry::Add<Placement> kRegistered("anvil_declaration", "");
  words.get("__global", clang::tok::kw___global);
  words.get("__local", clang::tok::kw___local);
  words.get("__constant", clang::tok::kw___constant);
}

}  // namespace anvil::compiler
