#include "anvil/compiler/ir/function_pointers.hpp"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/ReplaceConstant.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler {
namespace {

/// A callee, and the number that stands for its address. 0 is the null pointer.
struct Callee {
  llvm::Function* function;
  llvm::Constant* number;
};

bool takes_address(const llvm::Use& use) {
  const auto* call = llvm::dyn_cast<llvm::CallBase>(use.getUser());
  return !call || !call->isCallee(&use);
}

/// The linked functions, in their order.
std::vector<llvm::Function*> take_linked(llvm::Module& module) {
  std::vector<llvm::Function*> functions;
  for (;;) {
    auto* address =
        module.getNamedGlobal(std::string(kLinkedPrefix) + std::to_string(functions.size()));
    if (!address) return functions;
    functions.push_back(llvm::cast<llvm::Function>(address->getInitializer()->stripPointerCasts()));
    address->eraseFromParent();
  }
}

std::vector<Callee> number_callees(llvm::Module& module,
                                   const std::vector<llvm::Function*>& linked) {
  constexpr uint64_t kStep = 16;  // addresses of functions are aligned
  std::vector<Callee> callees;
  const auto add = [&](llvm::Function& function) {
    auto* integer = llvm::ConstantInt::get(llvm::Type::getInt64Ty(module.getContext()),
                                           kStep * (callees.size() + 1));
    callees.push_back({&function, llvm::ConstantExpr::getIntToPtr(integer, function.getType())});
  };
  for (llvm::Function* function : linked) add(*function);
  for (llvm::Function& function : module)
    if (!function.isDeclaration() && llvm::any_of(function.uses(), takes_address) &&
        llvm::find(linked, &function) == linked.end())
      add(function);
  for (const Callee& callee : callees) {
    // Casts of an address around a call: plain calls stay what they are.
    llvm::convertUsersOfConstantsToInstructions({callee.function});
    callee.function->replaceUsesWithIf(callee.number,
                                       [](llvm::Use& use) { return takes_address(use); });
  }
  return callees;
}

void resolve(llvm::CallInst& call, const std::vector<Callee>& callees) {
  std::vector<const Callee*> candidates;
  for (const Callee& callee : callees)
    if (callee.function->getFunctionType() == call.getFunctionType()) candidates.push_back(&callee);
  if (candidates.empty()) {
    if (!call.getType()->isVoidTy())
      call.replaceAllUsesWith(llvm::Constant::getNullValue(call.getType()));
    call.eraseFromParent();
    return;
  }
  llvm::Value* pointer = call.getCalledOperand();
  llvm::BasicBlock* head = call.getParent();
  llvm::BasicBlock* rest = head->splitBasicBlock(call.getIterator(), "called");
  head->getTerminator()->eraseFromParent();
  llvm::IRBuilder<> builder(head);
  builder.SetCurrentDebugLocation(call.getDebugLoc());
  std::vector<std::pair<llvm::CallInst*, llvm::BasicBlock*>> results;
  for (size_t i = 0; i < candidates.size(); ++i) {
    llvm::BasicBlock* chosen =
        llvm::BasicBlock::Create(call.getContext(), "callee", head->getParent(), rest);
    // The last one needs no test: a pointer that means none is undefined.
    if (i + 1 == candidates.size()) {
      builder.CreateBr(chosen);
    } else {
      llvm::BasicBlock* next =
          llvm::BasicBlock::Create(call.getContext(), "other", head->getParent(), rest);
      builder.CreateCondBr(builder.CreateICmpEQ(pointer, candidates[i]->number), chosen, next);
      builder.SetInsertPoint(next);
    }
    auto* direct = llvm::cast<llvm::CallInst>(call.clone());
    direct->setCalledFunction(candidates[i]->function);
    direct->insertInto(chosen, chosen->end());
    llvm::BranchInst::Create(rest, chosen);
    results.emplace_back(direct, chosen);
  }
  if (!call.getType()->isVoidTy()) {
    llvm::PHINode* result =
        llvm::PHINode::Create(call.getType(), unsigned(results.size()), "result", rest->begin());
    for (const auto& [value, block] : results) result->addIncoming(value, block);
    call.replaceAllUsesWith(result);
  }
  call.eraseFromParent();
}

}  // namespace

void resolve_function_pointers(llvm::Module& module) {
  const std::vector<llvm::Function*> linked = take_linked(module);
  std::vector<llvm::CallInst*> indirect;
  for (llvm::Function& function : module)
    for (llvm::BasicBlock& block : function)
      for (llvm::Instruction& instruction : block)
        if (auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
            call && call->isIndirectCall())
          indirect.push_back(call);
  if (indirect.empty()) return;
  const std::vector<Callee> callees = number_callees(module, linked);
  for (llvm::CallInst* call : indirect) resolve(*call, callees);
}

}  // namespace anvil::compiler
