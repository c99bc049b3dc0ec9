// What has no vector form: once per active lane, in lane order.
#include <llvm/Support/SaveAndRestore.h>

#include "anvil/compiler/simd/emitter.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

/// Calls `body` with the insertion point in a loop over the active lanes, of which there is at
/// least one. What the body makes must not be used after it.
void Emitter::for_each_active_lane(function_ref<void(Value* lane)> body) {
  const SaveAndRestore before_loop(at_hand_);
  BasicBlock* before = builder_.GetInsertBlock();
  const auto block = [&](const Twine& name) {
    return BasicBlock::Create(vector_.getContext(), name, &vector_, code_->outer->end);
  };
  BasicBlock *loop = block("lane"), *done = block("lanes.done");
  Value* lanes = active_bits();
  builder_.CreateBr(loop);
  builder_.SetInsertPoint(loop);
  PHINode* left = builder_.CreatePHI(builder_.getInt32Ty(), 2, "left");
  left->addIncoming(lanes, before);
  Value* lane = builder_.CreateIntrinsic(Intrinsic::cttz, {builder_.getInt32Ty()},
                                         {left, builder_.getTrue()});
  body(builder_.CreateZExt(lane, builder_.getInt64Ty()));
  Value* rest = builder_.CreateAnd(left, builder_.CreateSub(left, builder_.getInt32(1)));
  left->addIncoming(rest, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateIsNotNull(rest), loop, done);
  builder_.SetInsertPoint(done);
}

/// What stands in memory for values of a type, lane by lane: integers of whole bytes, the width a
/// power of two. Others lie bit by bit in a vector: booleans, and the i33 of LLVM's closed forms.
Type* Emitter::in_memory(Type* type) {
  const auto* integer = dyn_cast<IntegerType>(type->getScalarType());
  if (!integer) return type;
  const auto bits = std::max<unsigned>(8, PowerOf2Ceil(integer->getBitWidth()));
  return type->getWithNewType(builder_.getIntNTy(bits));
}

/// A flat vector in memory, where a lane can be picked at run time.
Value* Emitter::spill(Value* flat_vector) {
  Value* stored = widened(flat_vector);
  AllocaInst* memory = stack(stored->getType(), "lanes");
  builder_.CreateStore(stored, memory);
  return memory;
}

Value* Emitter::widened(Value* value) {
  Type* stored = in_memory(value->getType());
  return stored == value->getType() ? value : builder_.CreateZExt(value, stored);
}

Value* Emitter::narrowed(Value* stored, Type* type) {
  return stored->getType() == type ? stored : builder_.CreateTrunc(stored, type);
}

Value* Emitter::reload(Value* memory, Type* type, Value* lane) {
  Type* stored = in_memory(type);
  const uint64_t size = layout_.getTypeStoreSize(stored);
  Value* place = builder_.CreatePtrAdd(memory, builder_.CreateMul(lane, builder_.getInt64(size)));
  const Align alignment(layout_.getTypeStoreSize(stored->getScalarType()));
  return narrowed(builder_.CreateAlignedLoad(stored, place, alignment), type);
}

void Emitter::respill(Value* memory, Value* value, Value* lane) {
  Value* stored = widened(value);
  const uint64_t size = layout_.getTypeStoreSize(stored->getType());
  Value* place = builder_.CreatePtrAdd(memory, builder_.CreateMul(lane, builder_.getInt64(size)));
  const Align alignment(layout_.getTypeStoreSize(stored->getType()->getScalarType()));
  builder_.CreateAlignedStore(stored, place, alignment);
}

Value* Emitter::unspill(Value* memory, Type* type) {
  return narrowed(builder_.CreateLoad(in_memory(flat(type)), memory), flat(type));
}

/// Clones the instruction for each active lane; its result, if any, is gathered into a flat vector
/// (a struct of them for a struct).
Value* Emitter::emit_serially(Instruction& instruction) {
  // An operand is the same for all lanes, or its base plus lane * stride, or in memory.
  SmallVector<Value*, 4> sources;
  SmallVector<int64_t, 4> strides;
  for (Value* operand : instruction.operands()) {
    const Shape form = isa<BasicBlock>(operand) ? Shape::uniform(0) : shape(operand);
    const bool scalar = isa<Constant>(operand) || form.is_uniform();
    const int64_t stride = form.is_affine() ? form.offset(1) - form.offset(0) : 0;
    strides.push_back(!scalar && form.has_stride(stride) ? stride : 0);
    sources.push_back(scalar || strides.back() ? nullptr : spill(vector(operand)));
  }
  SmallVector<Type*, 2> parts;
  Type* type = instruction.getType();
  if (auto* aggregate = dyn_cast<StructType>(type))
    parts.append(aggregate->element_begin(), aggregate->element_end());
  else if (!type->isVoidTy())
    parts.push_back(type);
  SmallVector<AllocaInst*, 2> results;
  for (Type* part : parts) {
    results.push_back(stack(in_memory(flat(part)), "results"));
    // Arithmetic takes all lanes of what is loaded from there: what happened to lie in the inactive
    // ones may be subnormal, which is slow.
    if (code_->active)
      builder_.CreateStore(Constant::getNullValue(results.back()->getAllocatedType()),
                           results.back());
  }
  SmallVector<Value*, 4> firsts;
  for (unsigned i = 0; i < sources.size(); ++i) {
    Value* operand = instruction.getOperand(i);
    firsts.push_back(sources[i]                 ? nullptr
                     : isa<BasicBlock>(operand) ? operand
                     : strides[i]               ? this->lane(operand, 0)
                                                : base(operand));
  }
  for_each_active_lane([&](Value* lane) {
    SmallVector<Value*, 4> operands;
    for (unsigned i = 0; i < sources.size(); ++i) {
      Type* type = instruction.getOperand(i)->getType();
      if (sources[i])
        operands.push_back(reload(sources[i], type, lane));
      else if (!strides[i])
        operands.push_back(firsts[i]);
      else if (type->isPointerTy())
        operands.push_back(builder_.CreatePtrAdd(
            firsts[i],
            builder_.CreateMul(lane, ConstantInt::getSigned(lane->getType(), strides[i]))));
      else
        operands.push_back(builder_.CreateAdd(
            firsts[i], builder_.CreateMul(builder_.CreateZExtOrTrunc(lane, type),
                                          ConstantInt::getSigned(type, strides[i]))));
    }
    Value* result = clone_with(instruction, operands);
    for (unsigned i = 0; i < results.size(); ++i)
      respill(results[i], type->isStructTy() ? builder_.CreateExtractValue(result, i) : result,
              lane);
  });
  if (parts.empty()) return nullptr;
  if (!type->isStructTy()) return unspill(results[0], type);
  Value* members = PoisonValue::get(flat(type));
  for (unsigned i = 0; i < parts.size(); ++i)
    members = builder_.CreateInsertValue(members, unspill(results[i], parts[i]), i);
  return members;
}

}  // namespace anvil::compiler::simd
