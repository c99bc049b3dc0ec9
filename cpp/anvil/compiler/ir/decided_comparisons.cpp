#include "anvil/compiler/ir/decided_comparisons.hpp"

#include <llvm/IR/ConstantFPRange.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

namespace anvil::compiler {
namespace {

using llvm::ConstantFPRange;

const llvm::ConstantFP* constant_beside(const llvm::FCmpInst& comparison) {
  return llvm::dyn_cast<llvm::ConstantFP>(comparison.getOperand(1));
}

// What `number` may be in `block`, by the branches that lead there.
ConstantFPRange range_in(const llvm::BasicBlock& block, const llvm::Value& number,
                         const llvm::DominatorTree& dominators) {
  ConstantFPRange range =
      ConstantFPRange::getFull(number.getType()->getScalarType()->getFltSemantics());
  const auto* node = dominators.getNode(&block);
  for (node = node ? node->getIDom() : nullptr; node; node = node->getIDom()) {
    const llvm::BasicBlock* from = node->getBlock();
    const auto* branch = llvm::dyn_cast<llvm::BranchInst>(from->getTerminator());
    if (!branch || !branch->isConditional()) continue;
    const auto* condition = llvm::dyn_cast<llvm::FCmpInst>(branch->getCondition());
    if (!condition || condition->getOperand(0) != &number || !constant_beside(*condition)) continue;
    for (const bool taken : {true, false}) {
      if (!dominators.dominates(llvm::BasicBlockEdge(from, branch->getSuccessor(taken ? 0 : 1)),
                                &block))
        continue;
      range = range.intersectWith(ConstantFPRange::makeAllowedFCmpRegion(
          taken ? condition->getPredicate() : condition->getInversePredicate(),
          ConstantFPRange(constant_beside(*condition)->getValueAPF())));
    }
  }
  return range;
}

}  // namespace

llvm::PreservedAnalyses DecideComparisons::run(llvm::Function& function,
                                               llvm::FunctionAnalysisManager& analyses) {
  const auto& dominators = analyses.getResult<llvm::DominatorTreeAnalysis>(function);
  bool changed = false;
  for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
    auto* comparison = llvm::dyn_cast<llvm::FCmpInst>(&instruction);
    if (!comparison || comparison->getType()->isVectorTy() || !constant_beside(*comparison))
      continue;
    const ConstantFPRange range =
        range_in(*comparison->getParent(), *comparison->getOperand(0), dominators);
    const ConstantFPRange other(constant_beside(*comparison)->getValueAPF());
    const bool is_true = range.fcmp(comparison->getPredicate(), other);
    if (!is_true && !range.fcmp(comparison->getInversePredicate(), other)) continue;
    comparison->replaceAllUsesWith(llvm::ConstantInt::get(comparison->getType(), is_true));
    comparison->eraseFromParent();
    changed = true;
  }
  if (!changed) return llvm::PreservedAnalyses::all();
  llvm::PreservedAnalyses preserved;
  preserved.preserveSet<llvm::CFGAnalyses>();
  return preserved;
}

}  // namespace anvil::compiler
