// block_order.hpp: which of the blocks that lanes wait at runs first.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Function.h>

namespace anvil::oracle {

/// The places at which lanes wait for one another, by number: the smaller goes first.
struct BlockOrder {
  llvm::DenseMap<const llvm::BasicBlock*, unsigned> blocks;
  /// Of a cycle, by its first block: where lanes that go round again wait, behind its last block,
  /// for those that are still on their way. There a loop with several `continue`s comes together.
  llvm::DenseMap<const llvm::BasicBlock*, unsigned> latches;

  bool goes_back(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const {
    return blocks.at(to) <= blocks.at(from);
  }
};

/// Numbers the reachable blocks: a block comes before those it leads to, each cycle's blocks follow
/// one another, and their number says who runs when lanes have parted (thread frontiers: Diamos et
/// al., "SIMD Re-Convergence at Thread Frontiers", MICRO 2011). Found from the definition: strongly
/// connected components in topological order, and inside each, without the edges back to the block
/// that it is entered by, the same again.
BlockOrder order_blocks(const llvm::Function& function);

}  // namespace anvil::oracle
