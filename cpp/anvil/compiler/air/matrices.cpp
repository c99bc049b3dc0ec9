#include "anvil/compiler/air/matrices.hpp"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/Local.h>

#include <optional>
#include <vector>

#include "anvil/compiler/source/errors.hpp"

namespace anvil::compiler::air {
namespace {

constexpr unsigned kElements = 64, kOwn = 2;

llvm::FixedVectorType* as_matrix(llvm::Type* type) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  return vector && vector->getNumElements() == kElements ? vector : nullptr;
}

llvm::Type* narrowed(llvm::Type* type) {
  const auto* matrix = as_matrix(type);
  return matrix ? llvm::FixedVectorType::get(matrix->getElementType(), kOwn) : type;
}

bool touches_matrices(const llvm::Instruction& instruction) {
  return as_matrix(instruction.getType()) ||
         llvm::any_of(instruction.operand_values(),
                      [](const llvm::Value* operand) { return as_matrix(operand->getType()); });
}

using Callees = llvm::DenseMap<llvm::Function*, llvm::Function*>;

class Narrowing {
 public:
  Narrowing(llvm::Function& function, Callees& callees) : function_(function), callees_(callees) {}

  void run() {
    llvm::removeUnreachableBlocks(function_);
    for (llvm::Instruction& instruction : llvm::instructions(function_))
      if (auto* phi = llvm::dyn_cast<llvm::PHINode>(&instruction);
          phi && as_matrix(phi->getType())) {
        llvm::IRBuilder<> builder(phi);
        narrow_[phi] = builder.CreatePHI(narrowed(phi->getType()), phi->getNumIncomingValues());
        old_.push_back(phi);
      }
    // Definitions before their uses, but for those by phis.
    for (llvm::BasicBlock* block : llvm::ReversePostOrderTraversal<llvm::Function*>(&function_))
      for (llvm::Instruction& instruction : llvm::make_early_inc_range(*block))
        if (!llvm::isa<llvm::PHINode>(instruction) && touches_matrices(instruction))
          narrow(instruction);
    for (const auto& [wide, narrow] : narrow_)
      if (auto* phi = llvm::dyn_cast<llvm::PHINode>(wide))
        for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i)
          llvm::cast<llvm::PHINode>(narrow)->addIncoming(own(phi->getIncomingValue(i)),
                                                         phi->getIncomingBlock(i));
    for (llvm::Instruction* instruction : old_)
      instruction->replaceAllUsesWith(llvm::PoisonValue::get(instruction->getType()));
    for (llvm::Instruction* instruction : old_) instruction->eraseFromParent();
  }

 private:
  /// The lane's part of a matrix; any other value as it is.
  llvm::Value* own(llvm::Value* value) {
    if (!as_matrix(value->getType())) return value;
    if (const auto found = narrow_.find(value); found != narrow_.end()) return found->second;
    auto* constant = llvm::dyn_cast<llvm::Constant>(value);
    if (!constant) refuse(*value);
    llvm::Constant* elements[kOwn];
    for (unsigned i = 0; i < kOwn; ++i) {
      elements[i] = constant->getAggregateElement(i);
      if (!elements[i]) refuse(*value);
    }
    return llvm::ConstantVector::get(elements);
  }

  [[noreturn]] static void refuse(const llvm::Value& value) {
    const auto* instruction = llvm::dyn_cast<llvm::Instruction>(&value);
    throw AirError(std::string("unsupported operation '") +
                   (instruction ? instruction->getOpcodeName() : "argument") +
                   "' on a simdgroup matrix; supported: those of its library");
  }

  /// Element i of a vector that may be a matrix; poison for one that is nobody's.
  llvm::Value* element(llvm::IRBuilder<>& builder, llvm::Value* vector, unsigned i) {
    auto* type = llvm::cast<llvm::FixedVectorType>(vector->getType());
    if (as_matrix(type) && i >= kOwn) return llvm::PoisonValue::get(type->getElementType());
    return builder.CreateExtractElement(own(vector), builder.getInt32(i));
  }

  llvm::Value* shuffled(llvm::IRBuilder<>& builder, llvm::ShuffleVectorInst& shuffle) {
    auto* type = llvm::cast<llvm::FixedVectorType>(narrowed(shuffle.getType()));
    const auto first = llvm::cast<llvm::FixedVectorType>(shuffle.getOperand(0)->getType());
    const int width = static_cast<int>(first->getNumElements());
    llvm::Value* result = llvm::PoisonValue::get(type);
    for (unsigned i = 0; i < type->getNumElements(); ++i) {
      const int from = shuffle.getMaskValue(i);
      if (from < 0) continue;
      llvm::Value* one =
          from < width
              ? element(builder, shuffle.getOperand(0), static_cast<unsigned>(from))
              : element(builder, shuffle.getOperand(1), static_cast<unsigned>(from - width));
      result = builder.CreateInsertElement(result, one, builder.getInt32(i));
    }
    return result;
  }

  llvm::Value* called(llvm::IRBuilder<>& builder, llvm::CallBase& call) {
    llvm::Function* callee = call.getCalledFunction();
    if (!callee || (callee->isIntrinsic() && !as_matrix(call.getType()))) refuse(call);
    llvm::SmallVector<llvm::Value*> arguments;
    llvm::SmallVector<llvm::Type*> types;
    for (llvm::Value* argument : call.args()) {
      arguments.push_back(own(argument));
      types.push_back(arguments.back()->getType());
    }
    llvm::Function*& narrow_callee = callees_[callee];
    if (!narrow_callee && callee->isIntrinsic()) {
      llvm::SmallVector<llvm::Type*> overloads;
      if (!llvm::Intrinsic::getIntrinsicSignature(callee, overloads)) refuse(call);
      for (llvm::Type*& type : overloads) type = narrowed(type);
      narrow_callee = llvm::Intrinsic::getOrInsertDeclaration(callee->getParent(),
                                                              callee->getIntrinsicID(), overloads);
    } else if (!narrow_callee) {
      if (!callee->isDeclaration()) refuse(call);
      narrow_callee =
          llvm::Function::Create(llvm::FunctionType::get(narrowed(call.getType()), types, false),
                                 callee->getLinkage(), "", callee->getParent());
      narrow_callee->copyAttributesFrom(callee);
      narrow_callee->takeName(callee);
    }
    llvm::CallInst* result = builder.CreateCall(narrow_callee, arguments);
    result->setAttributes(call.getAttributes());
    return result;
  }

  llvm::Value* elementwise(llvm::Instruction& instruction) {
    for (const llvm::Use& operand : instruction.operands())
      if (operand->getType()->isVectorTy() && !as_matrix(operand->getType())) refuse(instruction);
    llvm::Instruction* copy = instruction.clone();
    for (llvm::Use& operand : copy->operands()) operand.set(own(operand.get()));
    copy->mutateType(narrowed(instruction.getType()));
    copy->insertBefore(instruction.getIterator());
    return copy;
  }

  void narrow(llvm::Instruction& instruction) {
    llvm::IRBuilder<> builder(&instruction);
    llvm::Value* result = nullptr;
    if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
      result = builder.CreateAlignedLoad(narrowed(load->getType()), load->getPointerOperand(),
                                         load->getAlign(), load->isVolatile());
    } else if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
      builder.CreateAlignedStore(own(store->getValueOperand()), store->getPointerOperand(),
                                 store->getAlign(), store->isVolatile());
    } else if (auto* insert = llvm::dyn_cast<llvm::InsertElementInst>(&instruction)) {
      const auto place = constant_place(insert->getOperand(2));
      result = place && *place >= kOwn
                   ? own(insert->getOperand(0))
                   : builder.CreateInsertElement(own(insert->getOperand(0)), insert->getOperand(1),
                                                 insert->getOperand(2));
    } else if (auto* extract = llvm::dyn_cast<llvm::ExtractElementInst>(&instruction)) {
      const auto place = constant_place(extract->getIndexOperand());
      result = place && *place >= kOwn
                   ? llvm::PoisonValue::get(extract->getType())
                   : builder.CreateExtractElement(own(extract->getVectorOperand()),
                                                  extract->getIndexOperand());
    } else if (auto* shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(&instruction)) {
      result = shuffled(builder, *shuffle);
    } else if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction)) {
      result = called(builder, *call);
    } else if (as_matrix(instruction.getType()) &&
               (instruction.isBinaryOp() || instruction.isUnaryOp() || instruction.isCast() ||
                llvm::isa<llvm::SelectInst, llvm::FreezeInst, llvm::CmpInst>(instruction))) {
      result = elementwise(instruction);
    } else {
      refuse(instruction);
    }
    old_.push_back(&instruction);
    if (as_matrix(instruction.getType()))
      narrow_[&instruction] = result;
    else if (result && !instruction.getType()->isVoidTy())
      instruction.replaceAllUsesWith(result);
  }

  static std::optional<uint64_t> constant_place(const llvm::Value* index) {
    const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(index);
    if (!constant) return {};
    return constant->getValue().getLimitedValue(kElements);
  }

  llvm::Function& function_;
  llvm::DenseMap<llvm::Value*, llvm::Value*> narrow_;
  Callees& callees_;  // by the function that takes matrices as they were
  std::vector<llvm::Instruction*> old_;
};

}  // namespace

void narrow_matrices(llvm::Module& module) {
  Callees callees;
  for (llvm::Function& function : module)
    if (!function.isDeclaration()) Narrowing(function, callees).run();
}

}  // namespace anvil::compiler::air
