// block_order.hpp: which of the blocks that lanes wait at runs first.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Function.h>

namespace anvil::oracle {

/// Numbers the reachable blocks: a block comes before those it leads to, each cycle's blocks follow
/// one another, and their number says who runs when lanes have parted (thread frontiers: Diamos et
/// al., "SIMD Re-Convergence at Thread Frontiers", MICRO 2011). Found from the definition: strongly
/// connected components in topological order, and inside each, without the edges back to the block
/// that it is entered by, the same again.
llvm::DenseMap<const llvm::BasicBlock*, unsigned> order_blocks(const llvm::Function& function);

}  // namespace anvil::oracle
