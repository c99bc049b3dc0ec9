#include "anvil/compiler/cpu/equal_arms.hpp"

#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>

namespace anvil::compiler::cpu {
namespace {

using namespace llvm;

/// What all arms compute, or null.
Instruction* common_value(const PHINode& phi, const DominatorTree& dominators) {
  auto* first = dyn_cast<Instruction>(phi.getIncomingValue(0));
  if (phi.getNumIncomingValues() < 2 ||
      !isa_and_nonnull<BinaryOperator, CastInst, GetElementPtrInst>(first))
    return nullptr;
  const BasicBlock* block = phi.getParent();
  const auto is_known = [&](const Value* value) {
    const auto* instruction = dyn_cast<Instruction>(value);
    return !instruction || dominators.properlyDominates(instruction->getParent(), block);
  };
  const auto is_alike = [&](const Value* value) {
    const auto* other = dyn_cast<Instruction>(value);
    return other && other->isIdenticalToWhenDefined(first);
  };
  return all_of(first->operands(), is_known) && all_of(phi.incoming_values(), is_alike) ? first
                                                                                        : nullptr;
}

}  // namespace

PreservedAnalyses JoinEqualArms::run(Function& function, FunctionAnalysisManager& analyses) {
  const auto& dominators = analyses.getResult<DominatorTreeAnalysis>(function);
  for (BasicBlock* block : ReversePostOrderTraversal<Function*>(&function))
    for (PHINode& phi : make_early_inc_range(block->phis())) {
      const Instruction* value = common_value(phi, dominators);
      if (!value) continue;
      Instruction* joined = value->clone();
      joined->dropPoisonGeneratingFlags();
      joined->insertBefore(block->getFirstInsertionPt());
      joined->takeName(&phi);
      phi.replaceAllUsesWith(joined);
      phi.eraseFromParent();
    }
  PreservedAnalyses preserved;
  preserved.preserveSet<CFGAnalyses>();
  return preserved;
}

}  // namespace anvil::compiler::cpu
