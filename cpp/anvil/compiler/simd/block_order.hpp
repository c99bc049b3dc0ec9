// block_order.hpp: the linear order of blocks that execution of diverged lanes follows.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/Analysis/LoopInfo.h>

#include <vector>

namespace anvil::compiler::simd {

/// Reverse post-order with every loop contiguous and its header first. Lanes that have diverged run
/// in this order, always the earliest block that any of them waits at: the thread frontiers of
/// Diamos et al., "SIMD Re-Convergence at Thread Frontiers" (MICRO 2011).
class BlockOrder {
 public:
  BlockOrder(llvm::Function& function, const llvm::LoopInfo& loops);

  const std::vector<llvm::BasicBlock*>& blocks() const { return blocks_; }
  unsigned position(const llvm::BasicBlock* block) const { return positions_.lookup(block); }
  bool is_back_edge(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const {
    return position(to) <= position(from);
  }

 private:
  std::vector<llvm::BasicBlock*> blocks_;
  llvm::DenseMap<const llvm::BasicBlock*, unsigned> positions_;
};

}  // namespace anvil::compiler::simd
