#include "anvil/compiler/air/merge.hpp"

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/ReplaceConstant.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>
#include <llvm/Transforms/Utils/ValueMapper.h>

#include "anvil/compiler/air/functions.hpp"
#include "anvil/compiler/air/module.hpp"
#include "anvil/compiler/air/signature.hpp"
#include "anvil/compiler/source/errors.hpp"
#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler::air {
namespace {

constexpr unsigned kThreadgroup = 3;

std::string function_symbol(size_t number) {
  return "air_function_" + std::to_string(number);
}

/// Every pointer is one into address space 0.
class FlatTypes final : public llvm::ValueMapTypeRemapper {
 public:
  llvm::Type* remapType(llvm::Type* type) override {
    if (type->isPointerTy()) return llvm::PointerType::get(type->getContext(), 0);
    if (type->getNumContainedTypes() == 0) return type;
    if (const auto found = known_.find(type); found != known_.end()) return found->second;
    llvm::Type* result = remapped(type);
    return known_[type] = result;
  }

 private:
  llvm::Type* remapped(llvm::Type* type) {
    llvm::SmallVector<llvm::Type*> inner;
    bool same = true;
    for (llvm::Type* each : type->subtypes()) {
      inner.push_back(remapType(each));
      same &= inner.back() == each;
    }
    if (same) return type;
    if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type))
      return llvm::ArrayType::get(inner[0], array->getNumElements());
    if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type))
      return llvm::FixedVectorType::get(inner[0], vector->getNumElements());
    if (auto* structure = llvm::dyn_cast<llvm::StructType>(type))
      return llvm::StructType::get(type->getContext(), inner, structure->isPacked());
    auto* function = llvm::cast<llvm::FunctionType>(type);
    return llvm::FunctionType::get(inner[0], llvm::ArrayRef(inner).drop_front(),
                                   function->isVarArg());
  }

  llvm::DenseMap<llvm::Type*, llvm::Type*> known_;
};

// Apple's functions that say something of the program rather than compute.
void answer_questions(llvm::Module& module) {
  for (llvm::Function* function : called_functions(module)) {
    const llvm::StringRef name = function->getName();
    const bool is_uniform = name.starts_with("air.is_uniform.");
    const bool is_predicate = name.contains("function_constant_predicate");
    const bool is_defined = name == "air.is_function_constant_defined";
    if (!is_uniform && !is_predicate && !is_defined) continue;
    for (llvm::User* user : llvm::make_early_inc_range(function->users())) {
      auto* call = llvm::dyn_cast<llvm::CallInst>(user);
      if (!call || call->arg_size() != 1)
        throw AirError("function '" + name.str() + "' is misused");
      llvm::IRBuilder<> builder(call);
      llvm::Value* answer = nullptr;
      if (is_uniform) {
        answer = builder.getTrue();
      } else if (is_predicate) {
        answer = builder.CreateZExtOrTrunc(builder.CreateIsNotNull(call->getArgOperand(0)),
                                           call->getType());
      } else {
        const std::string flag =
            kDefinedPrefix + call->getArgOperand(0)->stripPointerCasts()->getName().str();
        module.getOrInsertGlobal(flag, builder.getInt8Ty());
        answer = builder.CreateTrunc(
            builder.CreateLoad(builder.getInt8Ty(), module.getNamedGlobal(flag)), call->getType());
      }
      if (answer->getType() != call->getType())
        throw AirError("function '" + name.str() + "' is misused");
      call->replaceAllUsesWith(answer);
      call->eraseFromParent();
    }
  }
}

void check_layouts(const llvm::Module& module, const llvm::DataLayout& here) {
  const llvm::DataLayout& there = module.getDataLayout();
  for (llvm::StructType* type : module.getIdentifiedStructTypes()) {
    if (type->isOpaque()) continue;
    const llvm::StructLayout *a = there.getStructLayout(type), *b = here.getStructLayout(type);
    bool same = a->getSizeInBytes() == b->getSizeInBytes();
    for (unsigned i = 0; i < type->getNumElements(); ++i)
      same &= a->getElementOffset(i) == b->getElementOffset(i);
    if (!same)
      throw AirError("structure '" + type->getName().str() + "' is laid out in another way here");
  }
}

// Casts between address spaces are instructions, which can go away, where no constant holds one.
void expand_constants(llvm::Module& module) {
  std::vector<llvm::Constant*> variables;
  for (llvm::GlobalVariable& variable : module.globals())
    if (variable.getAddressSpace() != 0) variables.push_back(&variable);
  llvm::convertUsersOfConstantsToInstructions(variables);
  for (llvm::GlobalVariable& variable : module.globals())
    for (llvm::User* user : variable.users())
      if (auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(user);
          expression && expression->getOpcode() == llvm::Instruction::AddrSpaceCast)
        throw AirError("unsupported cast of variable '" + variable.getName().str() +
                       "' to another address space in a constant; supported: in functions");
}

class Merge {
 public:
  Merge(llvm::Module& module, llvm::Module& program) : module_(module), program_(program) {}

  void run() {
    declare_variables();
    declare_functions();
    for (llvm::GlobalVariable& variable : module_.globals())
      if (variable.hasInitializer() && map_.count(&variable))
        llvm::cast<llvm::GlobalVariable>(map_[&variable])
            ->setInitializer(
                llvm::MapValue(variable.getInitializer(), map_, llvm::RF_None, &types_));
    for (llvm::Function& function : module_)
      if (!function.isDeclaration()) copy_body(function);
    // Which copying makes, and readers take for debug information of another time.
    if (auto* units = program_.getNamedMetadata("llvm.dbg.cu");
        units && units->getNumOperands() == 0)
      units->eraseFromParent();
    copy_constructors();
    define_kernel();
  }

 private:
  void declare_variables() {
    for (llvm::GlobalVariable& variable : module_.globals()) {
      if (variable.getName().starts_with("llvm.")) continue;
      const bool has_value = variable.hasInitializer();
      auto* copy = new llvm::GlobalVariable(
          program_, types_.remapType(variable.getValueType()), variable.isConstant(),
          has_value ? llvm::GlobalValue::InternalLinkage : llvm::GlobalValue::ExternalLinkage,
          nullptr, variable.getName());
      copy->setAlignment(variable.getAlign());
      copy->setExternallyInitialized(variable.isExternallyInitialized());
      if (variable.getAddressSpace() == kThreadgroup) copy->setSection(kThreadgroupSection);
      map_[&variable] = copy;
    }
  }

  void declare_functions() {
    size_t number = 0;
    const std::vector<llvm::Function*> called = called_functions(module_);
    for (llvm::Function& function : module_) {
      if (function.isDeclaration() && function.use_empty()) continue;
      auto* type = llvm::cast<llvm::FunctionType>(types_.remapType(function.getFunctionType()));
      llvm::Function* copy = nullptr;
      if (function.isIntrinsic()) {
        copy = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "", &program_);
        copy->setName(function.getName());
        if (auto renamed = llvm::Intrinsic::remangleIntrinsicFunction(copy)) {
          copy->eraseFromParent();
          copy = *renamed;
        }
        copy->setAttributes(llvm::Intrinsic::getAttributes(
            copy->getContext(), copy->getIntrinsicID(), copy->getFunctionType()));
      } else if (llvm::is_contained(called, &function)) {
        copy = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, function.getName(),
                                      &program_);
        llvm::Function* symbol = program_.getFunction(function_symbol(number++));
        if (!symbol)
          throw InternalError("the library's part of '" + function.getName().str() +
                              "' is not there");
        define_by(*copy, *symbol);
      } else if (function.isDeclaration()) {
        unsupported_function(function.getName());
      } else {
        copy = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, function.getName(),
                                      &program_);
      }
      map_[&function] = copy;
    }
  }

  void copy_body(llvm::Function& function) {
    auto* copy = llvm::cast<llvm::Function>(map_[&function]);
    for (unsigned i = 0; i < function.arg_size(); ++i) map_[function.getArg(i)] = copy->getArg(i);
    llvm::SmallVector<llvm::ReturnInst*> returns;
    llvm::CloneFunctionInto(copy, &function, map_, llvm::CloneFunctionChangeType::DifferentModule,
                            returns, "", nullptr, &types_);
    copy->setLinkage(llvm::GlobalValue::InternalLinkage);
    for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(*copy)))
      if (llvm::isa<llvm::AddrSpaceCastInst>(instruction)) {
        instruction.replaceAllUsesWith(instruction.getOperand(0));
        instruction.eraseFromParent();
      }
  }

  void copy_constructors() {
    const auto* list = module_.getNamedGlobal("llvm.global_ctors");
    if (!list || !list->hasInitializer()) return;
    const llvm::Constant* entries = list->getInitializer();
    for (unsigned i = 0; i < entries->getNumOperands(); ++i) {
      auto* function = llvm::dyn_cast<llvm::Function>(
          entries->getAggregateElement(i)->getAggregateElement(1)->stripPointerCasts());
      if (!function || function->isDeclaration())
        throw AirError("the function's bitcode is damaged: an initialiser is no function");
      llvm::appendToGlobalCtors(program_, llvm::cast<llvm::Function>(map_[function]),
                                static_cast<int>(i));
    }
  }

  // Inputs come by reference.
  void define_kernel() {
    auto* inner = llvm::cast<llvm::Function>(map_[&kernel_of(module_)]);
    llvm::Function* outer = program_.getFunction(kKernelSymbol);
    if (!outer || outer->arg_size() != inner->arg_size())
      throw InternalError("the kernel's declaration is not there");
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(program_.getContext(), "", outer));
    llvm::SmallVector<llvm::Value*> arguments;
    for (llvm::Argument& argument : inner->args()) {
      llvm::Value* given = outer->getArg(argument.getArgNo());
      arguments.push_back(argument.getType()->isPointerTy()
                              ? given
                              : builder.CreateLoad(argument.getType(), given));
    }
    llvm::CallInst* call = builder.CreateCall(inner, arguments);
    builder.CreateRetVoid();
    llvm::InlineFunctionInfo info;
    if (!llvm::InlineFunction(*call, info).isSuccess())
      throw InternalError("the kernel cannot be inlined");
    inner->eraseFromParent();
  }

  llvm::Module &module_, &program_;
  llvm::ValueToValueMapTy map_;
  FlatTypes types_;
};

}  // namespace

std::string text_for(llvm::Module& module, const KernelSignature& kernel) {
  answer_questions(module);
  std::string text =
      "using AirKernel = " + kernel.type + ";\nextern \"C\" AirKernel " + kernel.callee + ";\n";
  size_t number = 0;
  for (const llvm::Function* function : called_functions(module))
    text += definition_of(*function, function_symbol(number++));
  return text;
}

void merge(llvm::Module& module, llvm::Module& program) {
  check_layouts(module, program.getDataLayout());
  expand_constants(module);
  Merge(module, program).run();
}

}  // namespace anvil::compiler::air
