#include "anvil/compiler/cpu/primitives.hpp"

#include <llvm/IR/ConstantRange.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/ReplaceConstant.h>

#include "anvil/abi/kernel_abi.h"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler::cpu {
namespace {

// Tells the optimiser that an argument of the entry is below `values`.
void limit_argument(llvm::Function& entry, unsigned argument, uint64_t values) {
  const llvm::ConstantRange range(llvm::APInt(32, 0), llvm::APInt(32, values));
  entry.getArg(argument)->addAttr(
      llvm::Attribute::get(entry.getContext(), llvm::Attribute::Range, range));
}

// What this function gives is an argument of the entry.
void replace_with_argument(llvm::Module& module, llvm::StringRef name, llvm::Argument& argument) {
  llvm::Function* function = module.getFunction(name);
  if (!function) return;
  while (!function->use_empty()) {
    auto* call = llvm::cast<llvm::CallInst>(function->user_back());
    call->replaceAllUsesWith(&argument);
    call->eraseFromParent();
  }
  function->eraseFromParent();
}

bool mentions(const llvm::Constant* constant, llvm::ArrayRef<llvm::Constant*> variables) {
  if (llvm::is_contained(variables, constant)) return true;
  if (llvm::isa<llvm::GlobalValue>(constant)) return false;
  return llvm::any_of(constant->operands(), [&](const llvm::Use& operand) {
    const auto* inner = llvm::dyn_cast<llvm::Constant>(operand);
    return inner && mentions(inner, variables);
  });
}

// `threadgroup float t; const P p = {&t};`: clang keeps such an initialiser in a constant, but
// where t lies is known only once the kernel runs. The constant becomes a local variable.
void make_addresses_local(llvm::Module& module, llvm::Function& entry,
                          llvm::ArrayRef<llvm::Constant*> variables) {
  std::vector<llvm::Constant*> unknown = variables.vec();
  for (size_t known = 0; known != unknown.size();) {
    known = unknown.size();
    for (llvm::GlobalVariable& global : module.globals())
      if (global.hasInitializer() && !llvm::is_contained(unknown, &global) &&
          mentions(global.getInitializer(), unknown))
        unknown.push_back(&global);
  }
  const auto constants = llvm::ArrayRef(unknown).drop_front(variables.size());
  llvm::IRBuilder<> builder(&*entry.getEntryBlock().getFirstInsertionPt());
  std::vector<llvm::AllocaInst*> locals;
  for (llvm::Constant* each : constants) {
    auto* constant = llvm::cast<llvm::GlobalVariable>(each);
    locals.push_back(builder.CreateAlloca(constant->getValueType(), nullptr, constant->getName()));
    if (constant->getAlign()) locals.back()->setAlignment(*constant->getAlign());
  }
  for (size_t i = 0; i < locals.size(); ++i) {
    auto* constant = llvm::cast<llvm::GlobalVariable>(constants[i]);
    builder.CreateStore(constant->getInitializer(), locals[i]);
    constant->setInitializer(nullptr);
  }
  llvm::convertUsersOfConstantsToInstructions(constants);
  for (size_t i = 0; i < locals.size(); ++i) {
    auto* constant = llvm::cast<llvm::GlobalVariable>(constants[i]);
    constant->removeDeadConstantUsers();
    constant->replaceAllUsesWith(locals[i]);
    constant->eraseFromParent();
  }
}

// Lays the marked variables out in tg->static_memory.
uint64_t lower_threadgroup_variables(llvm::Module& module, llvm::Function& entry) {
  std::vector<llvm::Constant*> variables;
  for (llvm::GlobalVariable& variable : module.globals())
    if (variable.getSection() == llvm::StringRef(kThreadgroupSection))
      variables.push_back(&variable);
  if (variables.empty()) return 0;
  make_addresses_local(module, entry, variables);
  llvm::convertUsersOfConstantsToInstructions(variables);

  llvm::IRBuilder<> builder(&*entry.getEntryBlock().getFirstInsertionPt());
  llvm::Value* field = builder.CreateConstInBoundsGEP1_64(
      builder.getInt8Ty(), entry.getArg(0), offsetof(AnvilThreadgroup, static_memory));
  llvm::Value* base = builder.CreateLoad(builder.getPtrTy(), field, "static_memory");
  uint64_t end = 0;
  for (llvm::Constant* constant : variables) {
    auto* variable = llvm::cast<llvm::GlobalVariable>(constant);
    const llvm::DataLayout& layout = module.getDataLayout();
    const llvm::Align alignment =
        std::max(llvm::Align(16),
                 layout.getValueOrABITypeAlignment(variable->getAlign(), variable->getValueType()));
    end = llvm::alignTo(end, alignment);
    llvm::Value* address =
        builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, end, variable->getName());
    end += layout.getTypeAllocSize(variable->getValueType());
    variable->replaceAllUsesWith(address);
    variable->eraseFromParent();
  }
  return llvm::alignTo(end, 16);
}

}  // namespace

uint64_t lower_primitives(llvm::Module& module) {
  llvm::Function& entry = *module.getFunction(kScalarEntry);
  replace_with_argument(module, "__anvil_simdgroup", *entry.getArg(1));
  replace_with_argument(module, "__anvil_lane", *entry.getArg(2));
  limit_argument(entry, 1, ANVIL_MAX_THREADS_PER_THREADGROUP / ANVIL_SIMD_WIDTH);
  limit_argument(entry, 2, ANVIL_SIMD_WIDTH);
  return lower_threadgroup_variables(module, entry);
}

void lower_messages(llvm::Module& module) {
  llvm::Function* log = module.getFunction(kLogPrimitive);
  if (!log) return;
  while (!log->use_empty()) {
    auto* call = llvm::cast<llvm::CallInst>(log->user_back());
    llvm::IRBuilder<> builder(call);
    llvm::Value* threadgroup = call->getFunction()->getArg(0);
    llvm::Value* field = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), threadgroup,
                                                            offsetof(AnvilThreadgroup, log));
    llvm::SmallVector<llvm::Value*> arguments{threadgroup};
    arguments.append(call->arg_begin(), call->arg_end());
    llvm::SmallVector<llvm::Type*> types;
    for (const llvm::Value* argument : arguments) types.push_back(argument->getType());
    builder.CreateCall(llvm::FunctionType::get(builder.getVoidTy(), types, false),
                       builder.CreateLoad(builder.getPtrTy(), field), arguments);
    call->eraseFromParent();
  }
  log->eraseFromParent();
}

}  // namespace anvil::compiler::cpu
