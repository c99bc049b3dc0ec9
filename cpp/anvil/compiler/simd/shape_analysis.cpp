#include "anvil/compiler/simd/shape_analysis.hpp"

#include <llvm/ADT/SmallSet.h>
#include <llvm/IR/CFG.h>

#include "anvil/compiler/simd/shape_transfer.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

ScalarAnalyses::ScalarAnalyses(Function& function)
    : dominators(function),
      post_dominators(function),
      loops(dominators),
      assumptions(function),
      order(function, loops),
      private_memory(function) {}

ShapeAnalysis::ShapeAnalysis(const ScalarAnalyses& analyses, const Argument& lane)
    : analyses_(analyses) {
  LaneOffsets lanes;
  for (unsigned i = 0; i < kLanes; ++i) lanes[i] = i;
  shapes_[&lane] = pool_.constants(lanes, 32);
  descend();
  if (give_up_unknown()) descend();
}

void ShapeAnalysis::descend() {
  for (bool changed = true; changed;) {
    changed = false;
    for (BasicBlock* block : analyses_.order.blocks()) {
      for (Instruction& instruction : *block) changed |= update(instruction);
      const auto* branch = dyn_cast<BranchInst>(block->getTerminator());
      if (!branch || !branch->isConditional() || is_divergent(block)) continue;
      const Shape condition = shape(branch->getCondition());
      if (condition.is_unknown() || condition.is_uniform()) continue;
      diverge(block);
      changed = true;
    }
  }
}

/// A phi of undef and of what a later iteration makes of the phi stays unknown, and so does all
/// that uses it. It is not undefined for that: a select may take another value.
bool ShapeAnalysis::give_up_unknown() {
  bool any = false;
  for (BasicBlock* block : analyses_.order.blocks())
    for (Instruction& instruction : *block) {
      if (instruction.getType()->isVoidTy() || !shape(&instruction).is_unknown()) continue;
      shapes_[&instruction] = Shape::uniform(0);
      any = true;
    }
  return any;
}

Shape ShapeAnalysis::shape(const Value* value) const {
  if (const auto* number = dyn_cast<ConstantInt>(value); number && number->getBitWidth() <= 64) {
    LaneOffsets values;
    values.fill(number->getSExtValue());
    return pool_.constants(values, number->getBitWidth());
  }
  if (isa<UndefValue>(value)) return Shape();
  if (isa<Instruction>(value)) return shapes_.lookup(value);
  if (const auto found = shapes_.find(value); found != shapes_.end()) return found->second;
  if (isa<Argument, Constant>(value))
    return Shape::uniform(known_alignment(*value, analyses_, nullptr));
  return Shape::uniform(0);  // metadata, blocks
}

bool ShapeAnalysis::update(Instruction& instruction) {
  const Shape before = shapes_.lookup(&instruction);
  if (before.is_varying() || instruction.isTerminator()) return false;
  Shape now;
  if (const auto* phi = dyn_cast<PHINode>(&instruction))
    now = phi_shape(*phi);
  else
    now = ShapeTransfer(pool_, analyses_,
                        [&](const Value* value) { return shape(value); })(instruction);
  // Shapes only ever descend, or the fixpoint might not end.
  now = pool_.join(before, now);
  if (now == before) return false;
  shapes_[&instruction] = now;
  return true;
}

Shape ShapeAnalysis::phi_shape(const PHINode& phi) const {
  const Value* same = phi.hasConstantValue();
  if (joins_.contains(phi.getParent()) && !same) return Shape::varying();
  // Out of a divergent loop even one value comes from as many iterations as there are lanes.
  const auto* definition = dyn_cast_or_null<Instruction>(same);
  if (definition && joins_.contains(phi.getParent())) {
    const Loop* loop = analyses_.loops.getLoopFor(definition->getParent());
    for (; loop; loop = loop->getParentLoop())
      if (is_divergent(loop) && !loop->contains(phi.getParent())) return Shape::varying();
  }
  Shape result;
  for (const Value* incoming : phi.incoming_values()) result = pool_.join(result, shape(incoming));
  return result;
}

void ShapeAnalysis::diverge(BasicBlock* block) {
  divergent_.insert(block);
  const auto* node = analyses_.post_dominators.getNode(block);
  const auto* end_node = node ? node->getIDom() : nullptr;
  const BasicBlock* end = end_node ? end_node->getBlock() : nullptr;

  // Seeds: the paths that lanes may be on at the same time.
  SmallVector<std::pair<BasicBlock*, unsigned>, 8> seeds;
  unsigned path = 0;
  for (BasicBlock* target : successors(block)) seeds.push_back({target, path++});
  for (const Loop* loop = analyses_.loops.getLoopFor(block); loop && !(end && loop->contains(end));
       loop = loop->getParentLoop()) {
    // Some lanes stay while others leave: each exit is a path of its own, and what lanes bring out
    // is of different iterations.
    divergent_loops_.insert(loop);
    SmallVector<BasicBlock*, 4> exits;
    loop->getUniqueExitBlocks(exits);
    for (BasicBlock* exit : exits) {
      joins_.insert(exit);
      seeds.push_back({exit, path++});
    }
  }
  spread_from(block, end, seeds);
}

/// A block that two of the paths reach first is a join of diverged lanes: its phis vary. Going in
/// block order with back edges left out, each block is met after all its predecessors.
void ShapeAnalysis::spread_from(const BasicBlock* branch, const BasicBlock* end,
                                SmallVectorImpl<std::pair<BasicBlock*, unsigned>>& seeds) {
  const BlockOrder& order = analyses_.order;
  constexpr unsigned kUnreached = ~0u;
  std::vector<unsigned> label(order.blocks().size(), kUnreached);
  unsigned fresh = unsigned(seeds.size());
  const auto arrive = [&](const BasicBlock* block, unsigned from) {
    unsigned& to = label[order.position(block)];
    if (to == kUnreached) {
      to = from;
    } else if (to != from) {
      joins_.insert(block);
      to = fresh++;
    }
  };
  for (const auto& [target, path] : seeds)
    if (!order.is_back_edge(branch, target)) arrive(target, path);
  for (unsigned i = order.position(branch) + 1; i < label.size(); ++i) {
    const BasicBlock* block = order.blocks()[i];
    if (label[i] == kUnreached || block == end) continue;
    for (const BasicBlock* target : successors(block))
      if (!order.is_back_edge(block, target)) arrive(target, label[i]);
  }
}

}  // namespace anvil::compiler::simd
