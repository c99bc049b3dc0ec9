#include "anvil/compiler/cpu/optimize.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/BDCE.h>
#include <llvm/Transforms/Scalar/DeadStoreElimination.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/IndVarSimplify.h>
#include <llvm/Transforms/Scalar/InstSimplifyPass.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopDeletion.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/LoopSimplifyCFG.h>
#include <llvm/Transforms/Scalar/LoopUnrollPass.h>
#include <llvm/Transforms/Scalar/SCCP.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/Mem2Reg.h>

#include "anvil/compiler/cpu/alignment.hpp"
#include "anvil/compiler/cpu/bit_merges.hpp"
#include "anvil/compiler/cpu/equal_arms.hpp"
#include "anvil/compiler/cpu/prefetch.hpp"
#include "anvil/compiler/cpu/sum_chains.hpp"
#include "anvil/compiler/ir/passes.hpp"
#include "anvil/compiler/ir/vector_copies.hpp"
#include "anvil/compiler/simd/small_floats.hpp"

namespace anvil::compiler::cpu {
namespace {

void run(llvm::Module& module, llvm::TargetMachine& machine, llvm::FunctionPassManager functions) {
  llvm::ModulePassManager passes;
  passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(functions)));
  passes.addPass(llvm::GlobalDCEPass());
  run_passes(module, std::move(passes), &machine);
}

// Converts what is small to selects, hoists nothing across branches: the vectoriser sees the
// kernel's own control flow.
llvm::SimplifyCFGOptions control_flow() {
  return llvm::SimplifyCFGOptions()
      .convertSwitchToLookupTable(false)
      .needCanonicalLoops(true)
      .hoistCommonInsts(false)
      .sinkCommonInsts(false)
      .speculateBlocks(true);
}

// Load and expression PRE duplicate code into branches, which blurs what is uniform.
llvm::GVNPass value_numbering() {
  return llvm::GVNPass(llvm::GVNOptions().setPRE(false).setLoadPRE(false));
}

// `a * b + c` in one expression is llvm.fmuladd, which may be fused or not: LLVM rounds the product
// where it knows it. Every target can fuse, and results should not depend on what is known.
void fuse_multiply_adds(llvm::Module& module) {
  for (llvm::Function& function : module) {
    if (function.getIntrinsicID() != llvm::Intrinsic::fmuladd) continue;
    for (llvm::User* user : llvm::make_early_inc_range(function.users())) {
      auto& call = *llvm::cast<llvm::IntrinsicInst>(user);
      llvm::IRBuilder<> builder(&call);
      call.replaceAllUsesWith(builder.CreateIntrinsic(
          llvm::Intrinsic::fma, {call.getType()},
          {call.getArgOperand(0), call.getArgOperand(1), call.getArgOperand(2)}, &call));
      call.eraseFromParent();
    }
  }
}

struct CopyVectors : llvm::PassInfoMixin<CopyVectors> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
    copy_vectors(function);
    return llvm::PreservedAnalyses::none();
  }
};

void simplify(llvm::FunctionPassManager& passes) {
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass(control_flow()));
}

void loops(llvm::FunctionPassManager& passes) {
  llvm::LoopPassManager first;
  first.addPass(llvm::LoopSimplifyCFGPass());
  first.addPass(llvm::LoopRotatePass(/*EnableHeaderDuplication=*/true));
  first.addPass(llvm::LICMPass(llvm::LICMOptions()));
  passes.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(first), /*UseMemorySSA=*/true));
  passes.addPass(llvm::SimplifyCFGPass(control_flow()));
  passes.addPass(llvm::InstCombinePass());
  llvm::LoopPassManager second;
  second.addPass(llvm::IndVarSimplifyPass());
  second.addPass(llvm::LoopDeletionPass());
  second.addPass(llvm::LoopFullUnrollPass(/*OptLevel=*/3));
  passes.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(second)));
}

}  // namespace

void optimize_scalar(llvm::Module& module, llvm::TargetMachine& machine) {
  fuse_multiply_adds(module);
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::PromotePass());
  passes.addPass(CopyVectors());
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  simplify(passes);
  passes.addPass(llvm::SCCPPass());
  simplify(passes);
  // Twice: what unrolling turns into constant indices lets SROA dissolve arrays, and that lets
  // further loops be counted.
  for (int round = 0; round < 2; ++round) {
    loops(passes);
    passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
    simplify(passes);
    passes.addPass(value_numbering());
    passes.addPass(llvm::SCCPPass());
    passes.addPass(llvm::BDCEPass());
    passes.addPass(llvm::InstCombinePass());
    passes.addPass(llvm::DSEPass());
  }
  // `#pragma unroll(n)` on loops whose count is not known.
  passes.addPass(llvm::LoopUnrollPass(llvm::LoopUnrollOptions(
      /*OptLevel=*/2, /*OnlyWhenForced=*/true)));
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  simplify(passes);
  passes.addPass(value_numbering());
  llvm::LoopPassManager invariants;
  invariants.addPass(llvm::LICMPass(llvm::LICMOptions()));
  passes.addPass(
      llvm::createFunctionToLoopPassAdaptor(std::move(invariants), /*UseMemorySSA=*/true));
  passes.addPass(llvm::ADCEPass());
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass(control_flow()));
  run(module, machine, std::move(passes));
}

namespace {

// With this flag the code generator asks of every sum of products whether its negative would be
// cheaper, and so of the sums that it adds up: a quarter of its time in kernels of long sums. It is
// of use where a negative is wanted.
void forget_signs_of_sums(llvm::Function& function) {
  for (llvm::Instruction& instruction : llvm::instructions(function)) {
    const auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
    if (!call || call->getIntrinsicID() != llvm::Intrinsic::fma) continue;
    const bool is_negated = llvm::any_of(call->users(), [](const llvm::User* user) {
      const auto* by = llvm::dyn_cast<llvm::Instruction>(user);
      return by && (by->getOpcode() == llvm::Instruction::FNeg ||
                    by->getOpcode() == llvm::Instruction::FSub);
    });
    if (!is_negated) instruction.setHasNoSignedZeros(false);
  }
}

// Much of the code generator is quadratic in the length of a block: unrolled kernels have some of
// tens of thousands of instructions.
void split_long_blocks(llvm::Function& function) {
  constexpr unsigned kLongest = 2048, kPiece = 1024;
  std::vector<llvm::BasicBlock*> blocks;
  for (llvm::BasicBlock& block : function)
    if (block.size() > kLongest) blocks.push_back(&block);
  for (llvm::BasicBlock* block : blocks) {
    unsigned count = 0;
    std::vector<llvm::Instruction*> places;
    for (llvm::Instruction& instruction : *block)
      if (++count % kPiece == 0 && !llvm::isa<llvm::PHINode>(instruction) &&
          !instruction.isTerminator())
        places.push_back(&instruction);
    for (llvm::Instruction* place : llvm::reverse(places)) block->splitBasicBlock(place);
  }
}

}  // namespace

void optimize_simdgroup(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  llvm::LoopPassManager invariants;
  invariants.addPass(llvm::LICMPass(llvm::LICMOptions()));
  passes.addPass(
      llvm::createFunctionToLoopPassAdaptor(std::move(invariants), /*UseMemorySSA=*/true));
  passes.addPass(llvm::GVNPass());
  passes.addPass(llvm::DSEPass());
  passes.addPass(llvm::ADCEPass());
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(JoinEqualArms());
  passes.addPass(llvm::LoopSimplifyPass());
  passes.addPass(PrefetchStreams());
  run(module, machine, std::move(passes));
  // InstCombine narrows what was widened (a maximum of two halves), and code generation would call
  // a library for it.
  for (llvm::Function& function : module) {
    simd::expand_small_floats(function);
    choose_lanes_before_bits(function);
    break_long_sums(function);
    forget_signs_of_sums(function);
    align_elements_alone(function);
    split_long_blocks(function);
  }
}

}  // namespace anvil::compiler::cpu
