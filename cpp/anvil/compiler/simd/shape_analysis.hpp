// shape_analysis.hpp: the shape of every value, and which branches and loops diverge.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>

#include "anvil/compiler/simd/block_order.hpp"
#include "anvil/compiler/simd/private_memory.hpp"
#include "anvil/compiler/simd/shape.hpp"

namespace anvil::compiler::simd {

/// The LLVM analyses that the pass reads; the scalar function does not change under them.
struct ScalarAnalyses {
  explicit ScalarAnalyses(llvm::Function& function);

  llvm::DominatorTree dominators;
  llvm::PostDominatorTree post_dominators;
  llvm::LoopInfo loops;
  llvm::AssumptionCache assumptions;
  BlockOrder order;
  PrivateMemory private_memory;
};

/// Optimistic fixpoint over the function in loop-simplified LCSSA form. Divergence spreads by data,
/// by joins of diverged lanes, and out of loops that lanes leave in different iterations (temporal
/// divergence); see Karrenberg & Hack (CGO 2011) and Rosemann, Moll & Hack, "An Abstract
/// Interpretation for SPMD Divergence" (POPL 2021) for the joins.
class ShapeAnalysis {
 public:
  /// `lane` is the argument that holds 0 to 31.
  ShapeAnalysis(const ScalarAnalyses& analyses, const llvm::Argument& lane);

  /// Known for every instruction that has a value; unknown for undef and poison.
  Shape shape(const llvm::Value* value) const;
  /// Active lanes may leave the block by different edges.
  bool is_divergent(const llvm::BasicBlock* block) const { return divergent_.contains(block); }
  /// Lanes may leave the loop in different iterations or by different exits.
  bool is_divergent(const llvm::Loop* loop) const { return divergent_loops_.contains(loop); }

 private:
  void descend();
  bool give_up_unknown();
  bool update(llvm::Instruction& instruction);
  Shape phi_shape(const llvm::PHINode& phi) const;
  void diverge(llvm::BasicBlock* block);
  void spread_from(const llvm::BasicBlock* branch, const llvm::BasicBlock* end,
                   llvm::SmallVectorImpl<std::pair<llvm::BasicBlock*, unsigned>>& seeds);

  const ScalarAnalyses& analyses_;
  mutable OffsetPool pool_;
  llvm::DenseMap<const llvm::Value*, Shape> shapes_;
  llvm::SmallPtrSet<const llvm::BasicBlock*, 16> divergent_;
  llvm::SmallPtrSet<const llvm::Loop*, 8> divergent_loops_;
  llvm::SmallPtrSet<const llvm::BasicBlock*, 16> joins_;
};

}  // namespace anvil::compiler::simd
