#include "anvil/compiler/simd/vector_elements.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/ValueHandle.h>
#include <llvm/Transforms/Utils/Local.h>

namespace anvil::compiler::simd {
namespace {

using namespace llvm;

// What is computed once more is a few additions, not a chain of them.
constexpr unsigned kMostSteps = 6;

/// Element i of `value`, if that is at hand or a step from it; `builder` stands where it is wanted,
/// and null asks only whether it is.
Value* element(Value* value, unsigned i, IRBuilder<>* builder, unsigned steps, bool& found) {
  found = true;
  if (auto* constant = dyn_cast<Constant>(value)) return constant->getAggregateElement(i);
  if (auto* insert = dyn_cast<InsertElementInst>(value)) {
    const auto* index = dyn_cast<ConstantInt>(insert->getOperand(2));
    if (!index) return found = false, nullptr;
    if (index->equalsInt(i)) return insert->getOperand(1);
    return element(insert->getOperand(0), i, builder, steps, found);
  }
  if (steps == 0) return found = false, nullptr;
  if (auto* shuffle = dyn_cast<ShuffleVectorInst>(value)) {
    const int source = shuffle->getMaskValue(i);
    const auto* type = dyn_cast<FixedVectorType>(shuffle->getOperand(0)->getType());
    if (source < 0 || !type) return found = false, nullptr;
    const unsigned width = type->getNumElements(), at = unsigned(source);
    return element(shuffle->getOperand(at < width ? 0 : 1), at % width, builder, steps - 1, found);
  }
  auto* operation = dyn_cast<Instruction>(value);
  const bool known = operation && (isa<BinaryOperator>(operation) ||
                                   isa<TruncInst, ZExtInst, SExtInst>(operation));
  if (!known) return found = false, nullptr;
  SmallVector<Value*, 2> operands;
  for (Value* operand : operation->operands()) {
    Value* its = element(operand, i, builder, steps - 1, found);
    if (!found || (builder && !its)) return found = false, nullptr;
    operands.push_back(its);
  }
  if (!builder) return nullptr;
  Instruction* scalar = nullptr;
  if (auto* binary = dyn_cast<BinaryOperator>(operation))
    scalar = BinaryOperator::Create(binary->getOpcode(), operands[0], operands[1]);
  else
    scalar = CastInst::Create(cast<CastInst>(operation)->getOpcode(), operands[0],
                              operation->getType()->getScalarType());
  scalar->copyIRFlags(operation);
  scalar->setDebugLoc(operation->getDebugLoc());
  return builder->Insert(scalar);
}

bool is_small_integer_vector(const Type* type) {
  const auto* vector = dyn_cast<FixedVectorType>(type);
  return vector && vector->getElementType()->isIntegerTy() && vector->getNumElements() <= 4;
}

}  // namespace

void compute_elements(Function& function) {
  SmallVector<WeakTrackingVH, 16> extracts;  // they may go with others
  for (Instruction& instruction : instructions(function))
    if (auto* extract = dyn_cast<ExtractElementInst>(&instruction);
        extract && isa<ConstantInt>(extract->getIndexOperand()) &&
        is_small_integer_vector(extract->getVectorOperandType()))
      extracts.push_back(extract);
  for (const WeakTrackingVH& each : extracts) {
    auto* extract = dyn_cast_or_null<ExtractElementInst>(static_cast<Value*>(each));
    if (!extract) continue;
    const auto index = unsigned(cast<ConstantInt>(extract->getIndexOperand())->getZExtValue());
    if (index >= cast<FixedVectorType>(extract->getVectorOperandType())->getNumElements()) continue;
    Value* const vector = extract->getVectorOperand();
    bool found = false;
    element(vector, index, nullptr, kMostSteps, found);
    if (!found) continue;
    IRBuilder<> builder(extract);
    Value* const scalar = element(vector, index, &builder, kMostSteps, found);
    if (!found || !scalar) continue;
    extract->replaceAllUsesWith(scalar);
    extract->eraseFromParent();
    RecursivelyDeleteTriviallyDeadInstructions(vector);
  }
}

}  // namespace anvil::compiler::simd
