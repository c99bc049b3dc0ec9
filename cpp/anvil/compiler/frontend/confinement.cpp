#include "anvil/compiler/frontend/confinement.hpp"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Attr.h>
#include <clang/AST/Decl.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/DynamicRecursiveASTVisitor.h>
#include <clang/AST/Expr.h>
#include <clang/AST/TypeLoc.h>
#include <clang/Basic/Builtins.h>

#include <string>

#include "anvil/abi/kernel_abi.h"
#include "anvil/compiler/frontend/address_spaces.hpp"
#include "anvil/compiler/frontend/diagnostics.hpp"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler {
namespace {

// What says something of a declaration's type, of its use or of how it is optimised, and to which
// no code generator or linker gives a meaning of its own.
bool is_supported(clang::attr::Kind kind) {
  switch (kind) {
    case clang::attr::Aligned:
    case clang::attr::AlwaysInline:
    case clang::attr::Annotate:
    case clang::attr::AnnotateType:
    case clang::attr::AssumeAligned:
    case clang::attr::Availability:
    case clang::attr::C11NoReturn:
    case clang::attr::CXX11NoReturn:
    case clang::attr::CXXAssume:
    case clang::attr::Cold:
    case clang::attr::Const:
    case clang::attr::ConstInit:
    case clang::attr::Convergent:
    case clang::attr::Deprecated:
    case clang::attr::DiagnoseIf:
    case clang::attr::EnableIf:
    case clang::attr::EnumExtensibility:
    case clang::attr::FallThrough:
    case clang::attr::Final:
    case clang::attr::FlagEnum:
    case clang::attr::Flatten:
    case clang::attr::Hot:
    case clang::attr::LifetimeBound:
    case clang::attr::Likely:
    case clang::attr::LoopHint:
    case clang::attr::MaxFieldAlignment:
    case clang::attr::MayAlias:
    case clang::attr::MinSize:
    case clang::attr::NoAlias:
    case clang::attr::NoDebug:
    case clang::attr::NoDuplicate:
    case clang::attr::NoInline:
    case clang::attr::NoReturn:
    case clang::attr::NoThrow:
    case clang::attr::NoUniqueAddress:
    case clang::attr::NonNull:
    case clang::attr::OpenCLUnrollHint:
    case clang::attr::OptimizeNone:
    case clang::attr::Overloadable:
    case clang::attr::Override:
    case clang::attr::Packed:
    case clang::attr::Pure:
    case clang::attr::Restrict:
    case clang::attr::ReturnsNonNull:
    case clang::attr::TypeNonNull:
    case clang::attr::TypeNullUnspecified:
    case clang::attr::TypeNullable:
    case clang::attr::TypeVisibility:
    case clang::attr::Unavailable:
    case clang::attr::Uninitialized:
    case clang::attr::Unlikely:
    case clang::attr::Unused:
    case clang::attr::Visibility:
    case clang::attr::WarnUnused:
    case clang::attr::WarnUnusedResult:
      return true;
    default:
      return false;
  }
}

constexpr const char* kSupportedAttributes =
    "MSL's own, and alignas, always_inline, assume, cold, const, convergent, deprecated, "
    "enable_if, fallthrough, flatten, hot, likely, may_alias, maybe_unused, noalias, nodiscard, "
    "noinline, nonnull, noreturn, overloadable, packed, pure, unavailable, unlikely, visibility";

// The symbols of a kernel's shared object, and of the function that becomes it.
bool is_reserved(llvm::StringRef symbol) {
  return symbol == ANVIL_ENTRY_SYMBOL || symbol == llvm::StringRef(kScalarEntry);
}

class Confinement : public clang::DynamicRecursiveASTVisitor {
 public:
  explicit Confinement(clang::ASTContext& context) : context_(context) {}

  bool VisitDecl(clang::Decl* declaration) override {
    for (const clang::Attr* attribute : declaration->attrs()) check(*attribute, declaration);
    return true;
  }
  bool VisitAttributedStmt(clang::AttributedStmt* statement) override {
    for (const clang::Attr* attribute : statement->getAttrs()) check(*attribute, nullptr);
    return true;
  }
  bool VisitAttributedTypeLoc(clang::AttributedTypeLoc type) override {
    if (const clang::Attr* attribute = type.getAttr()) check(*attribute, nullptr);
    return true;
  }

  bool VisitGCCAsmStmt(clang::GCCAsmStmt* statement) override {
    return no_assembly(statement->getBeginLoc());
  }
  bool VisitMSAsmStmt(clang::MSAsmStmt* statement) override {
    return no_assembly(statement->getBeginLoc());
  }
  bool VisitFileScopeAsmDecl(clang::FileScopeAsmDecl* declaration) override {
    return no_assembly(declaration->getLocation());
  }

  bool VisitVarDecl(clang::VarDecl* variable) override {
    if (variable->getTSCSpec() != clang::TSCS_unspecified)
      error(variable->getLocation(), "unsupported thread-local variable '" +
                                         variable->getName().str() +
                                         "'; a kernel's own variables are in the thread address "
                                         "space");
    if (is_misplaced(*variable))
      error(variable->getLocation(),
            (variable->isStaticLocal() ? "static variable '" : "program scope variable '") +
                variable->getName().str() + "' must be in the constant address space");
    check_name(*variable, variable->isExternC());
    return true;
  }
  bool VisitFunctionDecl(clang::FunctionDecl* function) override {
    check_name(*function, function->isExternC());
    return true;
  }

  bool VisitDeclRefExpr(clang::DeclRefExpr* reference) override {
    const auto* function = llvm::dyn_cast<clang::FunctionDecl>(reference->getDecl());
    const unsigned builtin = function ? function->getBuiltinID() : 0;
    const clang::Builtin::Context& all = context_.BuiltinInfo;
    // What can be evaluated when compiling computes, and does nothing else.
    if (builtin == 0 ||
        (!all.isTSBuiltin(builtin) && builtin != clang::Builtin::BI__builtin_thread_pointer &&
         (all.isConstantEvaluated(builtin) || all.isConst(builtin) ||
          builtin == clang::Builtin::BI__builtin_assume ||
          builtin == clang::Builtin::BI__builtin_unreachable)))
      return true;
    error(reference->getLocation(), "unsupported builtin '" + function->getName().str() +
                                        "'; supported: those that compute a value, such as "
                                        "__builtin_clz");
    return true;
  }

 private:
  void error(clang::SourceLocation location, const std::string& message) {
    report_error(context_.getDiagnostics(), location, message);
  }
  bool no_assembly(clang::SourceLocation location) {
    error(location,
          "unsupported inline assembly; supported: a label on a declaration that names "
          "one of Metal's functions, asm(\"air...\")");
    return true;
  }

  // Where there is neither a thread nor a threadgroup to own it: everything in a namespace, and
  // what may change elsewhere.
  bool is_misplaced(const clang::VarDecl& variable) const {
    const clang::QualType type = variable.getType();
    const auto* section = variable.getAttr<clang::SectionAttr>();
    if (section && section->getName() == llvm::StringRef(kThreadgroupSection)) return false;
    if (!variable.hasGlobalStorage() || type->isPointerType() || type->isReferenceType() ||
        type->isDependentType() || is_sampler(type) || is_ours(variable))
      return false;
    const clang::QualType element = context_.getBaseElementType(type);
    if (variable.isFileVarDecl() && !variable.isStaticDataMember())
      return element.getAddressSpace() != kConstantSpace;
    return !variable.isConstexpr() && !element.isConstQualified();
  }
  static bool is_ours(const clang::VarDecl& variable) {
    return variable.getIdentifier() && variable.getName().starts_with(kReservedPrefix);
  }
  // The one object of a program that is in no address space (specification 2.10).
  static bool is_sampler(clang::QualType type) {
    const auto* record = type->getAsCXXRecordDecl();
    return record && record->getQualifiedNameAsString() == "metal::sampler";
  }

  void check_name(const clang::NamedDecl& declaration, bool has_c_linkage) {
    if (has_c_linkage && declaration.getIdentifier() && is_reserved(declaration.getName()))
      error(declaration.getLocation(), "the name '" + declaration.getName().str() +
                                           "' is reserved: a compiled kernel is entered by it");
  }

  void check(const clang::Attr& attribute, const clang::Decl* owner) {
    if (attribute.isImplicit() || is_supported(attribute.getKind())) return;
    // How the token pass marks threadgroup variables.
    if (const auto* section = llvm::dyn_cast<clang::SectionAttr>(&attribute))
      if (llvm::isa_and_nonnull<clang::VarDecl>(owner) &&
          section->getName() == llvm::StringRef(kThreadgroupSection))
        return;
    if (const auto* label = llvm::dyn_cast<clang::AsmLabelAttr>(&attribute)) {
      const auto* function = llvm::dyn_cast_or_null<clang::FunctionDecl>(owner);
      if (function && !function->isDefined() && label->getLabel().starts_with("air.")) return;
      error(attribute.getLocation(), "unsupported assembly label '" + label->getLabel().str() +
                                         "'; supported: a name of one of Metal's functions, "
                                         "air..., on a declaration without a body");
      return;
    }
    error(attribute.getLocation(), "unsupported attribute '" + attribute.getNormalizedFullName() +
                                       "'; supported: " + kSupportedAttributes);
  }

  clang::ASTContext& context_;
};

}  // namespace

void check_confined(clang::ASTContext& context, clang::Decl& declaration) {
  Confinement(context).TraverseDecl(&declaration);
}

}  // namespace anvil::compiler
