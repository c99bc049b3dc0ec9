// What the values of the one lane have become: scalars, bases with offsets, flat vectors.
#include "anvil/compiler/simd/emitter.hpp"
#include "anvil/compiler/simd/shape_transfer.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

Type* Emitter::flat(Type* type, unsigned lanes) const {
  if (const auto* vector = dyn_cast<FixedVectorType>(type))
    return FixedVectorType::get(vector->getElementType(), vector->getNumElements() * lanes);
  if (auto* aggregate = dyn_cast<StructType>(type)) {
    SmallVector<Type*, 4> members;
    for (Type* member : aggregate->elements()) members.push_back(flat(member, lanes));
    return StructType::get(type->getContext(), members);
  }
  if (const auto* array = dyn_cast<ArrayType>(type))
    return ArrayType::get(flat(array->getElementType(), lanes), array->getNumElements());
  return FixedVectorType::get(type, lanes);
}

AllocaInst* Emitter::stack(Type* type, const Twine& name) {
  IRBuilder<> builder(allocas_end_);
  AllocaInst* memory = builder.CreateAlloca(type, nullptr, name);
  // LLVM aligns wide vectors to their size, for which the stack pointer would have to be aligned.
  memory->setAlignment(std::min(memory->getAlign(), Align(64)));
  return memory;
}

AllocaInst* Emitter::slot(std::map<const Value*, AllocaInst*>& slots, const Value* value,
                          const Twine& name) {
  AllocaInst*& memory = slots[value];
  if (!memory)
    memory =
        stack(shape(value).is_varying() ? flat(value->getType(), kLanes) : value->getType(), name);
  return memory;
}

/// What a slot holds for the lanes of the current zone.
Value* Emitter::load_slot(AllocaInst* memory, const Value* value) {
  Value* all = builder_.CreateLoad(memory->getAllocatedType(), memory, value->getName());
  if (lanes() == kLanes || !shape(value).is_varying()) return all;
  SmallVector<int> first;
  for (unsigned i = 0; i < lanes() * elements_of(value->getType()); ++i) first.push_back(int(i));
  return builder_.CreateShuffleVector(all, first);
}

/// Of lanes that the current zone has no values for, the slot keeps what it holds.
void Emitter::store_slot(Value* stored, AllocaInst* memory, const Value* value) {
  if (lanes() < kLanes && shape(value).is_varying()) {
    Value* before = builder_.CreateLoad(memory->getAllocatedType(), memory);
    const auto count = int(lanes() * elements_of(value->getType()));
    const auto all = int(elements_of(before->getType()));
    SmallVector<int> widened, merged;
    for (int i = 0; i < all; ++i) {
      widened.push_back(i < count ? i : PoisonMaskElem);
      merged.push_back(i < count ? i : all + i);
    }
    stored =
        builder_.CreateShuffleVector(builder_.CreateShuffleVector(stored, widened), before, merged);
  }
  builder_.CreateStore(stored, memory);
}

/// The base of an affine value or the vector of a varying one. A value of another zone comes out of
/// its slot: a guarded zone in between may have been skipped.
Value* Emitter::lookup(const Value* value) {
  if (isa<Constant>(value)) return const_cast<Value*>(value);
  if (const auto* argument = dyn_cast<Argument>(value)) return vector_.getArg(argument->getArgNo());
  const auto* instruction = cast<Instruction>(value);
  if (plan_.zone(instruction->getParent()) == &code_->zone) {
    if (Value* known = code_->values.lookup(value)) return known;
    fail(*instruction, "a value is used before it is made");
    return PoisonValue::get(shape(value).is_varying() ? flat(value->getType()) : value->getType());
  }
  Value*& loaded = at_hand_.loaded[value];
  if (!loaded) loaded = load_slot(slot(value_slots_, value, "value"), value);
  return loaded;
}

void Emitter::record(const Instruction& instruction, Value* value) {
  code_->values[&instruction] = value;
  if (crossing_.contains(&instruction))
    store_slot(value, slot(value_slots_, &instruction, "value"), &instruction);
}

Value* Emitter::base(const Value* value) {
  if (isa<Constant>(value)) return const_cast<Value*>(value);
  const Shape form = shape(value);
  if (form.is_constant()) return ConstantInt::getSigned(value->getType(), form.constant_base);
  return lookup(value);
}

Value* Emitter::splat(Value* scalar) {
  if (scalar->getType()->isAggregateType()) {
    Value* members = PoisonValue::get(flat(scalar->getType()));
    const auto* record = dyn_cast<StructType>(scalar->getType());
    const uint64_t count =
        record ? record->getNumElements() : scalar->getType()->getArrayNumElements();
    for (unsigned i = 0; i < count; ++i)
      members =
          builder_.CreateInsertValue(members, splat(builder_.CreateExtractValue(scalar, i)), i);
    return members;
  }
  const auto* type = dyn_cast<FixedVectorType>(scalar->getType());
  if (!type) return builder_.CreateVectorSplat(lanes(), scalar);
  SmallVector<int> tiled;
  for (unsigned lane = 0; lane < lanes(); ++lane)
    for (unsigned i = 0; i < type->getNumElements(); ++i) tiled.push_back(int(i));
  return builder_.CreateShuffleVector(scalar, tiled);
}

Value* Emitter::vector(const Value* value) {
  if (!isa<Constant>(value) && shape(value).is_varying()) return lookup(value);
  Value* known = at_hand_.vectors.lookup(value);
  if (!known) at_hand_.vectors[value] = known = make_vector(value);
  return known;
}

Value* Emitter::make_vector(const Value* value) {
  if (isa<PoisonValue>(value)) return PoisonValue::get(flat(value->getType()));
  const Shape form = shape(value);
  if (form.is_unknown()) return UndefValue::get(flat(value->getType()));
  if (form.is_uniform()) {
    return splat(base(value));
  }
  Type* integer = value->getType()->isPointerTy() ? builder_.getInt64Ty() : value->getType();
  SmallVector<Constant*, kLanes> offsets;
  for (unsigned lane = 0; lane < lanes(); ++lane)
    offsets.push_back(ConstantInt::getSigned(
        integer,
        form.is_constant() ? form.constant_of(lane, width_of(integer)) : form.offset(lane)));
  Constant* offset = ConstantVector::get(offsets);
  if (form.is_constant()) return offset;
  if (value->getType()->isPointerTy()) return builder_.CreatePtrAdd(base(value), offset);
  return builder_.CreateAdd(splat(base(value)), offset);
}

Value* Emitter::extract_lane(Value* flat_vector, Type* type, unsigned index) {
  const auto* vector = dyn_cast<FixedVectorType>(type);
  if (!vector) return builder_.CreateExtractElement(flat_vector, index);
  SmallVector<int> part;
  for (unsigned i = 0; i < vector->getNumElements(); ++i)
    part.push_back(int(index * vector->getNumElements() + i));
  return builder_.CreateShuffleVector(flat_vector, part);
}

Value* Emitter::lane(const Value* value, unsigned index) {
  const Shape form = shape(value);
  if (!form.is_affine()) return extract_lane(vector(value), value->getType(), index);
  if (form.is_constant())
    return ConstantInt::getSigned(value->getType(),
                                  form.constant_of(index, width_of(value->getType())));
  if (form.offset(index) == 0) return base(value);
  if (value->getType()->isPointerTy()) return byte_address(base(value), form.offset(index));
  return builder_.CreateAdd(base(value),
                            ConstantInt::getSigned(value->getType(), form.offset(index)));
}

/// Computes an address in scalar registers where the vector of addresses would only be taken apart
/// again: base + extension of a 32-bit index fits one x86 address.
Value* Emitter::lane_pointer(const Value* pointer, unsigned index) {
  const auto* step = dyn_cast<GetElementPtrInst>(pointer);
  const bool here = step && shape(step).is_varying() &&
                    plan_.zone(step->getParent()) == &code_->zone &&
                    !analyses_.private_memory.interleaved_element(step);
  if (!here) return lane(pointer, index);
  const auto component = [&](const Value* operand) -> Value* {
    const auto* extension = dyn_cast<CastInst>(operand);
    if (!extension || !isa<ZExtInst, SExtInst>(extension) || !shape(extension).is_varying() ||
        plan_.zone(extension->getParent()) != &code_->zone)
      return lane(operand, index);
    return builder_.CreateCast(extension->getOpcode(), lane(extension->getOperand(0), index),
                               extension->getType());
  };
  SmallVector<Value*, 4> indices;
  for (const Value* operand : step->indices()) indices.push_back(component(operand));
  return builder_.CreateGEP(step->getSourceElementType(),
                            lane_pointer(step->getPointerOperand(), index), indices);
}

}  // namespace anvil::compiler::simd
