#include "anvil/compiler/ir/tail_calls.hpp"

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Scalar/TailRecursionElimination.h>

#include "anvil/compiler/ir/passes.hpp"

namespace anvil::compiler {
namespace {

bool calls_itself(llvm::Function& function) {
  return llvm::any_of(llvm::instructions(function), [&](const llvm::Instruction& instruction) {
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    return call && call->getCalledFunction() == &function;
  });
}

}  // namespace

void turn_tail_calls_into_loops(llvm::Module& module) {
  std::vector<llvm::Function*> recursive;
  for (llvm::Function& function : module)
    if (!function.isDeclaration() && calls_itself(function)) recursive.push_back(&function);
  for (llvm::Function* function : recursive) {
    // The front end keeps locals in memory, where they stand between the call and the return.
    llvm::FunctionPassManager passes;
    passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
    passes.addPass(llvm::InstCombinePass());
    passes.addPass(llvm::SimplifyCFGPass());
    passes.addPass(llvm::TailCallElimPass());
    run_passes(*function, std::move(passes));
  }
}

}  // namespace anvil::compiler
