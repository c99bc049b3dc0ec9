#include "anvil/compiler/ir/lowering.hpp"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/Demangle/Demangle.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/IPO/GlobalOpt.h>

#include <set>

#include "anvil/compiler/ir/function_pointers.hpp"
#include "anvil/compiler/ir/passes.hpp"
#include "anvil/compiler/ir/recursion.hpp"
#include "anvil/compiler/ir/target.hpp"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler {
namespace {

void strip_annotations(llvm::Module& module) {
  std::vector<llvm::CallInst*> calls;
  for (llvm::Function& function : module)
    for (llvm::BasicBlock& block : function)
      for (llvm::Instruction& instruction : block)
        if (auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction))
          if (call->getIntrinsicID() == llvm::Intrinsic::var_annotation ||
              call->getIntrinsicID() == llvm::Intrinsic::ptr_annotation)
            calls.push_back(call);
  for (llvm::CallInst* call : calls) {
    if (!call->getType()->isVoidTy()) call->replaceAllUsesWith(call->getArgOperand(0));
    call->eraseFromParent();
  }
  if (auto* annotations = module.getNamedGlobal("llvm.global.annotations"))
    annotations->eraseFromParent();
}

// Nobody writes what a `constant` argument points to while the kernel runs, so a store to any other
// buffer leaves it as it is.
void mark_constant_arguments(llvm::Function& kernel, const KernelSignature& signature) {
  if (kernel.arg_size() != signature.parameters.size()) return;
  for (size_t i = 0; i < signature.parameters.size(); ++i) {
    const Parameter& parameter = signature.parameters[i];
    if (parameter.address_space != "constant") continue;
    llvm::Argument* argument = kernel.getArg(static_cast<unsigned>(i));
    argument->addAttr(llvm::Attribute::NoAlias);
    argument->addAttr(llvm::Attribute::ReadOnly);
  }
}

// What one of clang's initialising functions writes, or leaves for a destructor.
const llvm::GlobalVariable* initialised_variable(const llvm::Function& initialiser) {
  const llvm::GlobalVariable* found = nullptr;
  for (const llvm::BasicBlock& block : initialiser)
    for (const llvm::Instruction& instruction : block) {
      const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
      const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (store) {
        const llvm::Value* place = llvm::getUnderlyingObject(store->getPointerOperand());
        if (const auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(place)) found = variable;
      } else if (call) {
        for (const llvm::Value* argument : call->args())
          if (const auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(argument);
              variable && !variable->getName().starts_with("__dso_handle"))
            found = variable;
      }
    }
  return found;
}

// Program-scope constants that are computed from function constants have initialisers that clang
// could not evaluate; with the values bound, they fold.
void fold_initialisers(llvm::Module& module, std::vector<std::string>& computed) {
  if (!module.getNamedGlobal("llvm.global_ctors")) return;
  llvm::ModulePassManager passes;
  passes.addPass(llvm::GlobalOptPass());
  run_passes(module, std::move(passes));
  auto* rest = module.getNamedGlobal("llvm.global_ctors");
  if (!rest) return;
  for (llvm::Function& function : module) {
    if (!function.getName().starts_with("__cxx_global_var_init")) continue;
    if (const auto* variable = initialised_variable(function))
      computed.push_back(variable->getName().str());
  }
  if (computed.empty() && rest->hasInitializer() && !rest->getInitializer()->isNullValue())
    computed.push_back("");
  rest->eraseFromParent();
}

void inline_everything(llvm::Module& module) {
  for (llvm::Function& function : module) {
    if (function.isDeclaration() || function.getName() == llvm::StringRef(kScalarEntry)) continue;
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.setComdat(nullptr);
    function.removeFnAttr(llvm::Attribute::NoInline);
    function.removeFnAttr(llvm::Attribute::OptimizeNone);
    function.addFnAttr(llvm::Attribute::AlwaysInline);
  }
  llvm::ModulePassManager passes;
  passes.addPass(llvm::AlwaysInlinerPass(/*InsertLifetimeIntrinsics=*/true));
  passes.addPass(llvm::GlobalDCEPass());
  run_passes(module, std::move(passes));
}

void check_calls(llvm::Function& entry, LoweredKernel& result) {
  std::set<std::string> reported;
  for (llvm::BasicBlock& block : entry)
    for (llvm::Instruction& instruction : block) {
      auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (!call || llvm::isa<llvm::IntrinsicInst>(call)) continue;
      llvm::Function* callee = call->getCalledFunction();
      if (!callee) continue;
      const std::string name = callee->getName().str();
      if (name == "__anvil_threadgroup_barrier") result.barriers = true;
      if (name.starts_with("__anvil_") || !reported.insert(name).second) continue;
      result.errors.push_back(callee->isDeclaration()
                                  ? "function '" + llvm::demangle(name) + "' has no definition"
                                  : "recursion is not allowed: function '" + llvm::demangle(name) +
                                        "' calls itself");
    }
}

}  // namespace

void drop_messages(llvm::Module& module) {
  llvm::Function* log = module.getFunction(kLogPrimitive);
  if (!log) return;
  while (!log->use_empty()) llvm::cast<llvm::CallInst>(log->user_back())->eraseFromParent();
  log->eraseFromParent();
}

LoweredKernel lower_kernel(llvm::Module& module, const std::string& kernel_symbol,
                           const KernelSignature& signature, const Target& target) {
  LoweredKernel result;
  strip_annotations(module);
  if (auto* kernel = module.getFunction(kernel_symbol)) mark_constant_arguments(*kernel, signature);
  for (llvm::GlobalVariable& variable : module.globals()) {
    if (variable.getSection() != llvm::StringRef(kThreadgroupSection)) continue;
    // Not even the inliner may fold what is read before it is written.
    variable.setInitializer(nullptr);
    variable.setLinkage(llvm::GlobalValue::ExternalLinkage);
    variable.setComdat(nullptr);
  }
  fold_initialisers(module, result.computed);
  if (!result.computed.empty()) return result;
  resolve_function_pointers(module);
  resolve_recursion(module);
  inline_everything(module);
  // Of two functions that call each other, one may have become one that calls itself.
  if (resolve_recursion(module)) inline_everything(module);
  llvm::Function& entry = *module.getFunction(kScalarEntry);
  check_calls(entry, result);
  if (!result.errors.empty()) return result;
  result.static_memory = target.lower_primitives(module);
  for (llvm::GlobalVariable& variable : module.globals())
    if (variable.isDeclaration() && !variable.getName().starts_with("llvm."))
      result.errors.push_back("program scope variable '" +
                              llvm::demangle(variable.getName().str()) + "' has no definition");
  return result;
}

}  // namespace anvil::compiler
