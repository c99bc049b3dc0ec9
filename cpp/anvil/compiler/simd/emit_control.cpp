// Zones, chains and edges: the control flow of the simdgroup.
#include <llvm/IR/CFG.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SaveAndRestore.h>

#include "anvil/compiler/simd/emitter.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

Emitter::Emitter(Function& scalar, Function& vector, const ScalarAnalyses& analyses,
                 const ShapeAnalysis& shapes, const ZonePlan& plan, const VectorizeOptions& options,
                 Remarks& remarks)
    : scalar_(scalar),
      vector_(vector),
      analyses_(analyses),
      shapes_(shapes),
      plan_(plan),
      options_(options),
      remarks_(remarks),
      layout_(scalar.getParent()->getDataLayout()),
      builder_(scalar.getContext()),
      abilities_(scalar, options.target) {
  for (BasicBlock* block : analyses_.order.blocks())
    for (Instruction& instruction : *block)
      for (const Use& use : instruction.uses()) {
        auto* user = cast<Instruction>(use.getUser());
        const BasicBlock* place =
            isa<PHINode>(user) ? cast<PHINode>(user)->getIncomingBlock(use) : user->getParent();
        if (plan_.zone(place) != plan_.zone(block)) crossing_.insert(&instruction);
      }
}

bool Emitter::run() {
  BasicBlock* entry = BasicBlock::Create(vector_.getContext(), "entry", &vector_);
  BasicBlock* exit = BasicBlock::Create(vector_.getContext(), "exit", &vector_);
  ReturnInst::Create(vector_.getContext(), exit);
  builder_.SetInsertPoint(entry);
  allocas_end_ = builder_.CreateUnreachable();
  BasicBlock* body = BasicBlock::Create(vector_.getContext(), "body", &vector_, exit);

  ChainCode root{plan_.root(), exit, {}, {}};
  for (const Zone* zone : root.chain.elements) {
    waiting_[zone] = stack(builder_.getInt32Ty(), "waiting");
    root.starts.push_back(zone == root.chain.elements.front()
                              ? body
                              : BasicBlock::Create(vector_.getContext(), "next", &vector_, exit));
  }
  emit_chain(root, nullptr);
  allocas_end_->eraseFromParent();
  builder_.SetInsertPoint(entry);
  for (const Zone* zone : root.chain.elements)
    builder_.CreateStore(builder_.getInt32(0), waiting_.at(zone));
  builder_.CreateBr(body);
  return !failed_;
}

/// `owner`: the copy of the zone that the chain belongs to; null for the outermost chain.
void Emitter::emit_chain(ChainCode& code, const ZoneCode* owner) {
  for (size_t i = 0; i < code.chain.elements.size(); ++i) emit_element(code, i, owner);
}

void Emitter::emit_element(ChainCode& code, size_t index, const ZoneCode* owner) {
  const Zone& zone = *code.chain.elements[index];
  builder_.SetInsertPoint(code.starts[index]);
  builder_.SetCurrentDebugLocation(DebugLoc());
  if (!code.chain.owner && index == 0) {
    ZoneCode everything(zone, nullptr, true, kLanes, code, index);
    emit_zone(everything);
    return;
  }
  const auto block = [&](const Twine& name) {
    return BasicBlock::Create(vector_.getContext(), name, &vector_, code.end);
  };
  Value* lanes = builder_.CreateLoad(builder_.getInt32Ty(), waiting_.at(&zone), "lanes");
  BasicBlock* some = block("some");
  const bool full = !owner || !owner->active;  // then this zone may run with all lanes, too
  bool may_be_full = full || owner->may_be_full;
  const auto emit_if = [&](Value* condition, ZoneCode version) {
    BasicBlock *yes = block("version"), *no = block("others");
    builder_.CreateCondBr(condition, yes, no);
    builder_.SetInsertPoint(yes);
    emit_zone(version);
    builder_.SetInsertPoint(no);
    builder_.SetCurrentDebugLocation(DebugLoc());
  };
  const ZoneFacts facts = full ? facts_of(zone) : ZoneFacts{};
  if (full && options_.full_mask_versions && facts.deserves_full_version()) {
    emit_if(builder_.CreateICmpEQ(lanes, all_lanes()),
            ZoneCode(zone, nullptr, true, kLanes, code, index));
    may_be_full = false;
  }
  if (full && abilities_.masked_bits && facts.deserves_few_version(options_.least_for_few)) {
    Value* below = builder_.CreateSub(lanes, builder_.getInt32(1));
    emit_if(builder_.CreateICmpULT(below, builder_.getInt32((1u << kFewLanes) - 1)),
            ZoneCode(zone, lanes, false, kFewLanes, code, index));
  }
  builder_.CreateCondBr(builder_.CreateIsNotNull(lanes), some, after(code, index));
  builder_.SetInsertPoint(some);
  ZoneCode part(zone, lanes, may_be_full, owner ? owner->lanes : kLanes, code, index);
  emit_zone(part);
}

Emitter::ZoneFacts Emitter::facts_of(const Zone& zone) const {
  ZoneFacts facts;
  std::vector<const Zone*> work{&zone};
  while (!work.empty()) {
    const Zone* part = work.back();
    work.pop_back();
    for (const BasicBlock* block : part->blocks)
      for (const Instruction& instruction : *block) {
        ++facts.instructions;
        if (shape(&instruction).is_varying()) facts.elements += elements_of(instruction.getType());
        if (isa<LoadInst, StoreInst>(instruction))
          facts.touches_lanes |= !shape(getLoadStorePointerOperand(&instruction)).is_uniform();
        const auto* call = dyn_cast<CallBase>(&instruction);
        const auto primitive = call ? primitive_of(*call) : std::nullopt;
        facts.touches_lanes |= primitive && !primitive->is_barrier();
        facts.is_of_each_lane &=
            !primitive && !instruction.isAtomic() && !instruction.getType()->isAggregateType();
      }
    for (const Chain* chain : part->inner)
      work.insert(work.end(), chain->elements.begin(), chain->elements.end());
  }
  return facts;
}

void Emitter::emit_zone(ZoneCode& code) {
  // The lanes have arrived: whoever comes back to a divergent loop's head waits there anew.
  builder_.CreateStore(builder_.getInt32(0), waiting_.at(&code.zone));
  for (BasicBlock* block : code.zone.blocks)
    code.blocks[block] =
        BasicBlock::Create(vector_.getContext(), block->getName(), &vector_, code.outer->end);
  builder_.CreateBr(code.blocks[code.zone.head]);
  for (const Chain* chain : code.zone.inner) {
    ChainCode& inner =
        code.inner.emplace(chain, ChainCode{*chain, code.blocks[chain->end], {}, {}}).first->second;
    for (const Zone* zone : chain->elements) {
      if (!waiting_.count(zone)) waiting_[zone] = stack(builder_.getInt32Ty(), "waiting");
      inner.starts.push_back(BasicBlock::Create(vector_.getContext(), "next", &vector_, inner.end));
    }
  }
  for (BasicBlock* block : code.zone.blocks) {
    code_ = &code;
    at_hand_ = AtHand();
    builder_.SetInsertPoint(code.blocks[block]);
    for (PHINode& phi : block->phis()) {
      if (shape(&phi).is_constant()) continue;
      AllocaInst* memory = slot(phi_slots_, &phi, "phi");
      record(phi, load_slot(memory, &phi));
    }
    for (Instruction& instruction : *block)
      if (!instruction.isTerminator() && !isa<PHINode>(instruction)) emit(instruction);
    builder_.SetCurrentDebugLocation(block->getTerminator()->getDebugLoc());
    emit_terminator(*block);
  }
  // In the zone's order: the map's is that of addresses.
  for (const Chain* chain : code.zone.inner) emit_chain(code.inner.at(chain), &code);
}

void Emitter::emit_terminator(BasicBlock& block) {
  const auto* branch = dyn_cast<BranchInst>(block.getTerminator());
  if (!branch) {
    if (!isa<ReturnInst, UnreachableInst>(block.getTerminator()))
      fail(*block.getTerminator(), "terminator without a lowering");
    builder_.CreateBr(after(*code_->outer, code_->index));
    return;
  }
  if (branch->isUnconditional()) {
    BasicBlock& to = *branch->getSuccessor(0);
    open_chain(block, to);
    emit_edge(block, to, active_bits());
    builder_.CreateBr(follow_edge(block, to));
    return;
  }
  BasicBlock &yes = *branch->getSuccessor(0), &no = *branch->getSuccessor(1);
  if (shapes_.is_divergent(&block)) {
    Value* taken = bits_of(branch->getCondition());
    Value* lanes_yes = code_->active ? builder_.CreateAnd(code_->active, taken) : taken;
    Value* lanes_no = builder_.CreateAnd(active_bits(), builder_.CreateNot(taken));
    open_chain(block, yes);
    emit_edge(block, yes, lanes_yes);
    emit_edge(block, no, lanes_no);
    builder_.CreateBr(follow_edge(block, yes));
    return;
  }
  BasicBlock* edges[2];
  for (BasicBlock*& edge : edges)
    edge = BasicBlock::Create(vector_.getContext(), "edge", &vector_, code_->outer->end);
  auto* copy = builder_.CreateCondBr(base(branch->getCondition()), edges[0], edges[1]);
  copy->copyMetadata(*branch, {LLVMContext::MD_prof});
  for (unsigned i = 0; i < 2; ++i) {
    BasicBlock& to = *branch->getSuccessor(i);
    // What the block has made so far dominates both edges; what one edge makes is its own.
    const SaveAndRestore before_edge(at_hand_);
    builder_.SetInsertPoint(edges[i]);
    open_chain(block, to);
    emit_edge(block, to, active_bits());
    auto* jump = builder_.CreateBr(follow_edge(block, to));
    // Hints about a loop (unrolling) sit on its latch.
    if (analyses_.order.is_back_edge(&block, &to))
      jump->copyMetadata(*branch, {LLVMContext::MD_loop});
  }
}

/// No lane waits at an element yet when the first lanes enter a chain.
void Emitter::open_chain(BasicBlock& from, BasicBlock& to) {
  if (plan_.is_direct(&from, &to)) return;
  const Chain& chain = plan_.chain_of_edge(&from, &to);
  if (chain.owner != &code_->zone) return;
  for (size_t i = plan_.next_element(chain, &from); i < chain.elements.size(); ++i)
    builder_.CreateStore(builder_.getInt32(0), waiting_.at(chain.elements[i]));
}

/// Sends lanes along an edge: their values into the phis, themselves into the queue at the target.
void Emitter::emit_edge(BasicBlock& from, BasicBlock& to, Value* lanes) {
  write_phis(from, to, lanes);
  if (plan_.is_direct(&from, &to)) return;
  const Zone* target = plan_.zone(&to);
  if (target->head != &to) return;  // the end of a chain: all lanes meet there
  AllocaInst* waiting = waiting_.at(target);
  Value* before = builder_.CreateLoad(builder_.getInt32Ty(), waiting);
  builder_.CreateStore(builder_.CreateOr(before, lanes), waiting);
}

BasicBlock* Emitter::follow_edge(BasicBlock& from, BasicBlock& to) {
  if (plan_.is_direct(&from, &to)) return code_->blocks.lookup(&to);
  const Chain& chain = plan_.chain_of_edge(&from, &to);
  if (chain.owner != &code_->zone) {
    if (&chain != &code_->outer->chain) fail(*from.getTerminator(), "edge out of two chains");
    return after(*code_->outer, code_->index);
  }
  ChainCode& inner = code_->inner.at(&chain);
  const size_t next = plan_.next_element(chain, &from);
  return next < inner.starts.size() ? inner.starts[next] : inner.end;
}

/// What runs after an element of a chain: the head of a loop that ends here if lanes went back to
/// it, else the next element, else the end.
BasicBlock* Emitter::after(ChainCode& code, size_t index) {
  const Zone* following =
      index + 1 < code.chain.elements.size() ? code.chain.elements[index + 1] : nullptr;
  SmallVector<const Loop*, 4> ending;
  for (const Loop* loop = analyses_.loops.getLoopFor(code.chain.elements[index]->head); loop;
       loop = loop->getParentLoop()) {
    if (following && loop->contains(following->head)) break;
    const Zone* header = plan_.zone(loop->getHeader());
    if (header->head == loop->getHeader() && header->chain == &code.chain) ending.push_back(loop);
  }
  BasicBlock* next = following ? code.starts[index + 1] : code.end;
  for (const Loop* loop : reverse(ending)) next = repeat(code, *loop, next);
  return next;
}

BasicBlock* Emitter::repeat(ChainCode& code, const Loop& loop, BasicBlock* otherwise) {
  BasicBlock*& block = code.repeats[&loop];
  if (block) return block;
  block = BasicBlock::Create(vector_.getContext(), "repeat", &vector_, code.end);
  IRBuilder<> builder(block);
  const Zone* header = plan_.zone(loop.getHeader());
  const auto position = llvm::find(code.chain.elements, header) - code.chain.elements.begin();
  Value* waiting = builder.CreateLoad(builder.getInt32Ty(), waiting_.at(header));
  builder.CreateCondBr(builder.CreateIsNotNull(waiting), code.starts[position], otherwise);
  return block;
}

void Emitter::write_phis(BasicBlock& from, BasicBlock& to, Value* lanes) {
  // All reads before the first write: a phi may be the operand of another.
  SmallVector<std::pair<const PHINode*, Value*>, 8> writes;
  for (PHINode& phi : to.phis()) {
    const Shape form = shape(&phi);
    if (form.is_constant()) continue;
    const Value* incoming = phi.getIncomingValueForBlock(&from);
    if (isa<UndefValue>(incoming)) continue;
    writes.push_back({&phi, form.is_varying() ? vector(incoming) : base(incoming)});
  }
  const bool blending = blends(from, to);
  for (auto& [phi, value] : writes) {
    AllocaInst* memory = slot(phi_slots_, phi, "phi");
    if (blending && shape(phi).is_varying()) {
      Value* before = load_slot(memory, phi);
      value = blend_lanes(mask_of(lanes), phi->getType(), value, before);
    } else if (blending && shapes_.is_divergent(&from)) {
      Value* before = load_slot(memory, phi);
      value = builder_.CreateSelect(builder_.CreateIsNotNull(lanes), value, before);
    }
    store_slot(value, memory, phi);
  }
}

/// Whether other lanes may already wait at the target: not along the first edge to run, nor back to
/// a loop's header; but out of a loop, where lanes of earlier iterations wait.
bool Emitter::blends(const BasicBlock& from, BasicBlock& to) const {
  if (plan_.is_direct(&from, &to) || analyses_.order.is_back_edge(&from, &to)) return false;
  const Loop* loop = analyses_.loops.getLoopFor(&from);
  if (loop && !loop->contains(&to)) return true;
  for (const BasicBlock* other : predecessors(&to))
    if (!plan_.is_direct(other, &to) && !analyses_.order.is_back_edge(other, &to) &&
        plan_.turn(other) < plan_.turn(&from))
      return true;
  return false;
}

}  // namespace anvil::compiler::simd
