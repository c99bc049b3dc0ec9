#include "anvil/compiler/simd/block_order.hpp"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/CFG.h>

namespace anvil::compiler::simd {
namespace {

using llvm::BasicBlock;
using llvm::Loop;
using llvm::LoopInfo;

/// Orders the blocks of one loop (or the function), each inner loop as if it were one block.
class LevelOrder {
 public:
  LevelOrder(const LoopInfo& loops, const Loop* level, std::vector<BasicBlock*>& out)
      : loops_(loops), level_(level), out_(out) {}

  void run(BasicBlock* entry) {
    visit(entry);
    for (size_t i = post_order_.size(); i-- > 0;) {
      BasicBlock* block = post_order_[i];
      if (const Loop* inner = inner_loop(block))
        LevelOrder(loops_, inner, out_).run(inner->getHeader());
      else
        out_.push_back(block);
    }
  }

 private:
  /// The outermost loop below this level that holds the block.
  const Loop* inner_loop(const BasicBlock* block) const {
    const Loop* loop = loops_.getLoopFor(block);
    if (!loop || loop == level_) return nullptr;
    while (loop->getParentLoop() != level_) loop = loop->getParentLoop();
    return loop;
  }

  void visit(BasicBlock* block) {
    const Loop* inner = inner_loop(block);
    if (inner) block = inner->getHeader();
    if (!visited_.insert(block).second) return;
    llvm::SmallVector<BasicBlock*, 8> targets;
    if (inner)
      inner->getExitBlocks(targets);
    else
      targets.append(llvm::succ_begin(block), llvm::succ_end(block));
    // The first successor last, so that it comes first in the reversed order.
    for (BasicBlock* target : llvm::reverse(targets)) {
      const bool leaves = level_ && !level_->contains(target);
      const bool repeats = level_ && target == level_->getHeader();
      if (!leaves && !repeats) visit(target);
    }
    post_order_.push_back(block);
  }

  const LoopInfo& loops_;
  const Loop* level_;
  std::vector<BasicBlock*>& out_;
  llvm::SmallPtrSet<BasicBlock*, 32> visited_;
  std::vector<BasicBlock*> post_order_;
};

}  // namespace

BlockOrder::BlockOrder(llvm::Function& function, const LoopInfo& loops) {
  LevelOrder(loops, nullptr, blocks_).run(&function.getEntryBlock());
  for (unsigned i = 0; i < blocks_.size(); ++i) positions_[blocks_[i]] = i;
}

}  // namespace anvil::compiler::simd
