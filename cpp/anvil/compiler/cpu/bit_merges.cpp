#include "anvil/compiler/cpu/bit_merges.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/Transforms/Utils/Local.h>

namespace anvil::compiler::cpu {
namespace {

using namespace llvm;
using namespace llvm::PatternMatch;

/// M, if `mask` is M and `rest` is ~M. Lanes that nobody asked for may be poison in both; M is
/// whole, since what keeps `a` must not meet any.
Constant* whole_mask(const Constant* mask, const Constant* rest) {
  auto* type = cast<FixedVectorType>(mask->getType());
  const unsigned bits = type->getScalarSizeInBits();
  SmallVector<Constant*, 32> lanes;
  for (unsigned i = 0; i < type->getNumElements(); ++i) {
    const auto* m = dyn_cast_or_null<ConstantInt>(mask->getAggregateElement(i));
    const auto* r = dyn_cast_or_null<ConstantInt>(rest->getAggregateElement(i));
    if (m && r && m->getValue() != ~r->getValue()) return nullptr;
    const APInt value = m ? m->getValue() : r ? ~r->getValue() : APInt(bits, 0);
    lanes.push_back(ConstantInt::get(type->getElementType(), value));
  }
  return ConstantVector::get(lanes);
}

/// The choice's replacement where one arm is `a` and the other (a & M) | (b & ~M), or null.
Value* choose_before(SelectInst& choice, bool merge_if_true) {
  Value* a = merge_if_true ? choice.getFalseValue() : choice.getTrueValue();
  Value* merge = merge_if_true ? choice.getTrueValue() : choice.getFalseValue();
  Value* b = nullptr;
  Constant *mask = nullptr, *rest = nullptr;
  if (!match(merge, m_OneUse(m_c_Or(m_And(m_Specific(a), m_Constant(mask)),
                                    m_And(m_Value(b), m_Constant(rest))))))
    return nullptr;
  Constant* from_a = whole_mask(mask, rest);
  if (!from_a) return nullptr;
  IRBuilder<> builder(&choice);
  Value* other =
      builder.CreateSelect(choice.getCondition(), merge_if_true ? b : a, merge_if_true ? a : b);
  return builder.CreateOr(builder.CreateAnd(a, from_a),
                          builder.CreateAnd(other, ConstantExpr::getNot(from_a)));
}

}  // namespace

void choose_lanes_before_bits(Function& function) {
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    auto* choice = dyn_cast<SelectInst>(&instruction);
    if (!choice || !isa<FixedVectorType>(choice->getType()) ||
        !choice->getType()->isIntOrIntVectorTy())
      continue;
    Value* replacement = choose_before(*choice, true);
    if (!replacement) replacement = choose_before(*choice, false);
    if (!replacement) continue;
    replacement->takeName(choice);
    choice->replaceAllUsesWith(replacement);
    RecursivelyDeleteTriviallyDeadInstructions(choice);
  }
}

}  // namespace anvil::compiler::cpu
