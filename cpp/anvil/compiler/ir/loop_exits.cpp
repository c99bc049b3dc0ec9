#include "anvil/compiler/ir/loop_exits.hpp"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>

namespace anvil::compiler {
namespace {

using namespace llvm;

bool has_convergent_call(const BasicBlock& block) {
  return any_of(block, [](const Instruction& instruction) {
    const auto* call = dyn_cast<CallBase>(&instruction);
    return call && call->isConvergent();
  });
}

/// Whether an operation across lanes may have come before the block's end in the same iteration.
bool follows_operation(const Loop& loop, BasicBlock* exiting) {
  SmallPtrSet<BasicBlock*, 16> seen{exiting};
  SmallVector<BasicBlock*> pending{exiting};
  while (!pending.empty()) {
    BasicBlock* block = pending.pop_back_val();
    if (has_convergent_call(*block)) return true;
    if (block == loop.getHeader()) continue;
    for (BasicBlock* before : predecessors(block))
      if (loop.contains(before) && seen.insert(before).second) pending.push_back(before);
  }
  return false;
}

void keep(BranchInst& branch, bool leaves_if_true, Value* exists) {
  IRBuilder<> builder(&branch);
  // Bitwise: a select would turn into control flow again.
  Value* condition = branch.getCondition();
  branch.setCondition(leaves_if_true ? builder.CreateAnd(condition, exists)
                                     : builder.CreateOr(condition, builder.CreateNot(exists)));
}

}  // namespace

void keep_operations_in_loops(Function& scalar_entry) {
  const DominatorTree dominators(scalar_entry);
  const LoopInfo loops(dominators);
  SmallPtrSet<BasicBlock*, 8> kept;
  Value* exists = nullptr;
  for (const Loop* loop : loops.getLoopsInPreorder()) {
    SmallVector<BasicBlock*> exiting;
    loop->getExitingBlocks(exiting);
    for (BasicBlock* block : exiting) {
      auto* branch = dyn_cast<BranchInst>(block->getTerminator());
      if (!branch || !branch->isConditional()) continue;
      const bool leaves_if_true = !loop->contains(branch->getSuccessor(0));
      // A loop that ends where its next iteration would begin is none once that is certain.
      if (branch->getSuccessor(leaves_if_true ? 1 : 0) == loop->getHeader()) continue;
      if (!follows_operation(*loop, block) || !kept.insert(block).second) continue;
      if (!exists) {
        scalar_entry.removeParamAttr(1, Attribute::Range);  // which would answer the question
        IRBuilder<> builder(&scalar_entry.getEntryBlock(),
                            scalar_entry.getEntryBlock().getFirstInsertionPt());
        exists = builder.CreateICmpNE(scalar_entry.getArg(1), builder.getInt32(kNoSimdgroup));
      }
      keep(*branch, leaves_if_true, exists);
    }
  }
}

}  // namespace anvil::compiler
