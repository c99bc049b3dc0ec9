#include "anvil/compiler/ir/free_sums.hpp"

#include <llvm/IR/IntrinsicInst.h>

namespace anvil::compiler {
namespace {

using namespace llvm;

bool is_free_sum(const Value* value) {
  const auto* operation = dyn_cast<FPMathOperator>(value);
  if (!operation || !operation->hasAllowReassoc()) return false;
  const auto* call = dyn_cast<IntrinsicInst>(value);
  return operation->getOpcode() == Instruction::FAdd ||
         (call && call->getIntrinsicID() == Intrinsic::fma);
}

void collect(Instruction& node, FreeSum& sum) {
  sum.flags &= node.getFastMathFlags();
  const auto term = [&](Value* value) {
    auto* inner = dyn_cast<Instruction>(value);
    const bool own = inner && inner->hasOneUse() && inner->getParent() == node.getParent();
    if (own && is_free_sum(inner)) {
      collect(*inner, sum);
    } else if (own && inner->getOpcode() == Instruction::FMul && inner->hasAllowReassoc()) {
      sum.flags &= inner->getFastMathFlags();
      sum.products.push_back({inner->getOperand(0), inner->getOperand(1), inner});
    } else {
      sum.plain.push_back(value);
    }
  };
  if (node.getOpcode() == Instruction::FAdd) {
    term(node.getOperand(0));
    term(node.getOperand(1));
  } else {
    sum.products.push_back({node.getOperand(0), node.getOperand(1), &node});
    term(node.getOperand(2));
  }
}

}  // namespace

bool is_whole_free_sum(const Instruction& instruction) {
  if (!is_free_sum(&instruction)) return false;
  if (!instruction.hasOneUse()) return true;
  const auto* user = cast<Instruction>(instruction.user_back());
  if (user->getParent() != instruction.getParent() || !is_free_sum(user)) return true;
  return user->getOpcode() != Instruction::FAdd && user->getOperand(2) != &instruction;
}

FreeSum terms_of(Instruction& whole) {
  FreeSum sum;
  collect(whole, sum);
  return sum;
}

}  // namespace anvil::compiler
