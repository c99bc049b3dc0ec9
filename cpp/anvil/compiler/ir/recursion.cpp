#include "anvil/compiler/ir/recursion.hpp"

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/CorrelatedValuePropagation.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Scalar/TailRecursionElimination.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include "anvil/compiler/ir/decided_comparisons.hpp"
#include "anvil/compiler/ir/passes.hpp"

namespace anvil::compiler {
namespace {

std::vector<llvm::CallBase*> calls_of_itself(llvm::Function& function) {
  std::vector<llvm::CallBase*> calls;
  for (llvm::Instruction& instruction : llvm::instructions(function))
    if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
        call && call->getCalledFunction() == &function)
      calls.push_back(call);
  return calls;
}

void turn_tail_calls_into_loops(llvm::Function& function) {
  // The front end keeps locals in memory, where they stand between the call and the return.
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(llvm::TailCallElimPass());
  run_passes(function, std::move(passes));
}

// Its own body in place of each call, in which what led to the call is known.
void unroll(llvm::Function& function) {
  llvm::ValueToValueMapTy values;
  llvm::Function* inner = llvm::CloneFunction(&function, values);
  for (llvm::CallBase* call : calls_of_itself(function)) {
    call->setCalledFunction(inner);
    llvm::InlineFunctionInfo info;
    llvm::InlineFunction(*call, info);
  }
  if (inner->use_empty()) inner->eraseFromParent();
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  passes.addPass(llvm::CorrelatedValuePropagationPass());
  passes.addPass(DecideComparisons());
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass());
  run_passes(function, std::move(passes));
}

}  // namespace

bool resolve_recursion(llvm::Module& module) {
  constexpr int kDeepest = 3;
  constexpr unsigned kLongest = 4096;  // instructions; each call doubles them
  std::vector<llvm::Function*> recursive;
  for (llvm::Function& function : module)
    if (!function.isDeclaration() && !calls_of_itself(function).empty())
      recursive.push_back(&function);
  for (llvm::Function* function : recursive) {
    turn_tail_calls_into_loops(*function);
    for (int depth = 0; depth < kDeepest && !calls_of_itself(*function).empty() &&
                        function->getInstructionCount() < kLongest;
         ++depth)
      unroll(*function);
  }
  return !recursive.empty();
}

}  // namespace anvil::compiler
