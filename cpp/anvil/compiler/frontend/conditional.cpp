// `c ? p[i] : half4(0)`: of two operands of one type in different address spaces Metal takes the
// values. Clang looks for a conversion between the types, qualifiers and all, and finds none, or
// one of a reference to another space. Its check is entered here first (the linker's --wrap).
#include <clang/AST/ASTContext.h>
#include <clang/Sema/Initialization.h>
#include <clang/Sema/Sema.h>

namespace anvil::compiler {

using clang::ExprResult;
using clang::QualType;
using clang::Sema;

#define ANVIL_CHECK_CONDITIONAL                                             \
  "_ZN5clang4Sema27CXXCheckConditionalOperandsERNS_12ActionResultIPNS_4Exp" \
  "rELb1EEES5_S5_RNS_13ExprValueKindERNS_14ExprObjectKindENS_14SourceLocationE"

QualType clangs_check(Sema*, ExprResult&, ExprResult&, ExprResult&, clang::ExprValueKind&,
                      clang::ExprObjectKind&,
                      clang::SourceLocation) __asm__("__real_" ANVIL_CHECK_CONDITIONAL);

namespace {

bool differ_in_space(const Sema& sema, const clang::Expr* first, const clang::Expr* second) {
  if (first->isTypeDependent() || second->isTypeDependent()) return false;
  const QualType a = first->getType(), b = second->getType();
  return (a->isRecordType() || a->isScalarType()) && sema.Context.hasSameUnqualifiedType(a, b) &&
         a.getAddressSpace() != b.getAddressSpace();
}

bool take_value(Sema& sema, ExprResult& operand) {
  const QualType type = operand.get()->getType().getCanonicalType().getUnqualifiedType();
  const auto entity = clang::InitializedEntity::InitializeTemporary(type);
  operand = sema.PerformCopyInitialization(entity, clang::SourceLocation(), operand);
  return !operand.isInvalid();
}

}  // namespace

QualType check_conditional(
    Sema* sema, ExprResult& condition, ExprResult& first, ExprResult& second,
    clang::ExprValueKind& value, clang::ExprObjectKind& object,
    clang::SourceLocation question) __asm__("__wrap_" ANVIL_CHECK_CONDITIONAL);

QualType check_conditional(Sema* sema, ExprResult& condition, ExprResult& first, ExprResult& second,
                           clang::ExprValueKind& value, clang::ExprObjectKind& object,
                           clang::SourceLocation question) {
  if (differ_in_space(*sema, first.get(), second.get()) &&
      (!take_value(*sema, first) || !take_value(*sema, second)))
    return {};
  return clangs_check(sema, condition, first, second, value, object, question);
}

}  // namespace anvil::compiler
