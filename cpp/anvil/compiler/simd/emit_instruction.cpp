// Arithmetic, casts, addresses and the elements of short vectors.
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/Operator.h>

#include "anvil/compiler/simd/emitter.hpp"
#include "anvil/compiler/simd/shape_transfer.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

void Emitter::emit(Instruction& instruction) {
  builder_.SetCurrentDebugLocation(instruction.getDebugLoc());
  if (is_ignorable(instruction)) return;
  if (auto* object = dyn_cast<AllocaInst>(&instruction)) return emit_alloca(*object);
  if (auto* load = dyn_cast<LoadInst>(&instruction)) return emit_load(*load);
  if (auto* store = dyn_cast<StoreInst>(&instruction)) return emit_store(*store);
  if (isa<AtomicRMWInst, AtomicCmpXchgInst>(instruction)) return emit_atomic(instruction);
  const Shape form = shape(&instruction);
  if (auto* call = dyn_cast<CallBase>(&instruction)) {
    if (const auto primitive = primitive_of(*call)) return emit_primitive(*call, *primitive);
    if (call->getIntrinsicID() == Intrinsic::assume) {
      const Value* fact = call->getArgOperand(0);
      if (shape(fact).is_uniform()) builder_.CreateAssumption(base(fact));
      return;
    }
  }
  const bool effect_only = instruction.getType()->isVoidTy();
  if (form.is_constant()) return;
  if (isa<FenceInst>(instruction)) {
    clone_with(instruction, {});
    return;
  }
  Value* result = form.is_affine() ? emit_base(instruction) : emit_flat(instruction);
  if (!effect_only && result) record(instruction, result);
}

Value* Emitter::clone_with(Instruction& instruction, ArrayRef<Value*> operands) {
  Instruction* copy = instruction.clone();
  for (unsigned i = 0; i < operands.size(); ++i) copy->setOperand(i, operands[i]);
  builder_.Insert(copy, instruction.getName());
  return copy;
}

/// The scalar part of a uniform or affine value. Flags that make a result poison hold for lane
/// values, not for the base, which may be no lane's value.
Value* Emitter::emit_base(Instruction& instruction) {
  const auto other_than_base = [&](const Value* operand) { return !shape(operand).is_uniform(); };
  const bool exact = none_of(instruction.operands(), other_than_base);
  if (auto* step = dyn_cast<GetElementPtrInst>(&instruction)) return emit_address(*step);

  if (!exact && isa<BinaryOperator>(instruction)) {
    Value *left = base(instruction.getOperand(0)), *right = base(instruction.getOperand(1));
    const Shape form = shape(instruction.getOperand(0));
    const unsigned opcode = instruction.getOpcode();
    const bool bitwise =
        opcode == Instruction::And || opcode == Instruction::Or || opcode == Instruction::Xor;
    if (const auto* mask = dyn_cast<ConstantInt>(instruction.getOperand(1));
        bitwise && mask && splits_at_alignment(form)) {
      APInt high = mask->getValue();
      high.clearLowBits(std::min<unsigned>(form.alignment, high.getBitWidth()));
      return builder_.CreateBinOp(Instruction::BinaryOps(opcode), left,
                                  ConstantInt::get(right->getType(), high));
    }
    if (opcode == Instruction::Or) return builder_.CreateAdd(left, right);
    return builder_.CreateBinOp(Instruction::BinaryOps(opcode), left, right, instruction.getName());
  }
  if (!exact && isa<ZExtInst>(instruction) &&
      !extends_unsigned(shape(instruction.getOperand(0)), instruction.getOperand(0)->getType()))
    return builder_.CreateSExt(base(instruction.getOperand(0)), instruction.getType());

  SmallVector<Value*, 4> operands;
  for (Value* operand : instruction.operands())
    operands.push_back(isa<Function>(operand) ? operand : base(operand));
  auto* copy = cast<Instruction>(clone_with(instruction, operands));
  if (!exact) copy->dropPoisonGeneratingAnnotations();
  return copy;
}

Value* Emitter::emit_flat(Instruction& instruction) {
  if (auto* step = dyn_cast<GetElementPtrInst>(&instruction)) return emit_address(*step);
  if (auto* extract = dyn_cast<ExtractElementInst>(&instruction)) return emit_extract(*extract);
  if (auto* insert = dyn_cast<InsertElementInst>(&instruction)) return emit_insert(*insert);
  if (auto* shuffle = dyn_cast<ShuffleVectorInst>(&instruction)) return emit_shuffle(*shuffle);
  if (auto* call = dyn_cast<IntrinsicInst>(&instruction))
    if (isTriviallyVectorizable(call->getIntrinsicID())) return emit_intrinsic(*call);

  const auto operand = [&](unsigned i) { return vector(instruction.getOperand(i)); };
  Value* result = nullptr;
  if (auto* binary = dyn_cast<BinaryOperator>(&instruction)) {
    if (binary->isIntDivRem() && !isa<Constant>(binary->getOperand(1)) &&
        binary->getType()->getScalarSizeInBits() <= 32)
      return emit_division(*binary);
    result = builder_.CreateBinOp(binary->getOpcode(), operand(0), operand(1));
  } else if (auto* unary = dyn_cast<UnaryOperator>(&instruction)) {
    result = builder_.CreateUnOp(unary->getOpcode(), operand(0));
  } else if (auto* cast_ = dyn_cast<CastInst>(&instruction)) {
    result = builder_.CreateCast(cast_->getOpcode(), operand(0), flat(cast_->getType()));
  } else if (auto* compare = dyn_cast<CmpInst>(&instruction)) {
    result = builder_.CreateCmp(compare->getPredicate(), operand(0), operand(1));
  } else if (auto* select = dyn_cast<SelectInst>(&instruction)) {
    const Value* chooser = select->getCondition();
    if (shape(chooser).is_uniform() && !chooser->getType()->isVectorTy())
      result = builder_.CreateSelect(base(chooser), operand(1), operand(2));
    else if (chooser->getType()->isVectorTy())
      result = builder_.CreateSelect(vector(chooser), operand(1), operand(2));
    else
      result = blend_lanes(vector(chooser), select->getType(), operand(1), operand(2));
  } else if (isa<FreezeInst>(instruction)) {
    result = builder_.CreateFreeze(operand(0));
  } else if (auto* member = dyn_cast<ExtractValueInst>(&instruction)) {
    result = builder_.CreateExtractValue(operand(0), member->getIndices());
  } else if (auto* member = dyn_cast<InsertValueInst>(&instruction)) {
    result = builder_.CreateInsertValue(operand(0), operand(1), member->getIndices());
  } else if (auto* call = dyn_cast<CallBase>(&instruction);
             call && call->getCalledFunction() && !call->isConvergent()) {
    return serially(instruction, "call of " + call->getCalledFunction()->getName());
  } else {
    fail(instruction, Twine("no vector form of ") + instruction.getOpcodeName());
    return nullptr;
  }
  if (auto* made = dyn_cast<Instruction>(result);
      made && made->getOpcode() == instruction.getOpcode())
    made->copyIRFlags(&instruction);
  return result;
}

/// Private arrays laid out [element][lane] spread each step over 32 lanes.
Value* Emitter::emit_address(GetElementPtrInst& step) {
  const bool affine = shape(&step).is_affine();
  const auto part = [&](const Value* value) -> Value* {
    return affine || shape(value).is_uniform() ? base(value) : vector(value);
  };
  const bool uniform = shape(&step).is_uniform();
  if (!analyses_.private_memory.interleaved_element(&step)) {
    SmallVector<Value*, 4> operands;
    for (const Value* operand : step.operands()) operands.push_back(part(operand));
    // Built, not cloned: with vector operands the type changes.
    return builder_.CreateGEP(step.getSourceElementType(), operands[0],
                              ArrayRef(operands).drop_front(), step.getName(),
                              uniform ? step.getNoWrapFlags() : GEPNoWrapFlags::none());
  }
  SmallMapVector<Value*, APInt, 4> variable;
  APInt constant(64, 0);
  step.collectOffset(layout_, 64, variable, constant);
  Value* offset = builder_.getInt64(constant.getSExtValue() * kLanes);
  for (const auto& [index, scale] : variable) {
    Value* term = part(index);
    Type* wide =
        term->getType()->isVectorTy() ? flat(builder_.getInt64Ty()) : builder_.getInt64Ty();
    term = builder_.CreateMul(builder_.CreateSExtOrTrunc(term, wide),
                              ConstantInt::getSigned(wide, scale.getSExtValue() * kLanes));
    if (term->getType()->isVectorTy() && !offset->getType()->isVectorTy()) offset = splat(offset);
    if (!term->getType()->isVectorTy() && offset->getType()->isVectorTy()) term = splat(term);
    offset = builder_.CreateAdd(offset, term);
  }
  Value* pointer = affine ? base(step.getPointerOperand()) : vector(step.getPointerOperand());
  if (!affine && !offset->getType()->isVectorTy()) offset = splat(offset);
  return builder_.CreatePtrAdd(pointer, offset);
}

/// Up to 32 bits, by double: the nearest double to a / b truncates to the exact quotient, for it is
/// off by less than the 1 / b that separates a / b from the next integer.
Value* Emitter::emit_division(BinaryOperator& division) {
  const bool is_signed =
      division.getOpcode() == Instruction::SDiv || division.getOpcode() == Instruction::SRem;
  const bool remainder =
      division.getOpcode() == Instruction::SRem || division.getOpcode() == Instruction::URem;
  Value *dividend = vector(division.getOperand(0)), *divisor = vector(division.getOperand(1));
  Type* narrow = dividend->getType();
  Type* doubles = cast<VectorType>(narrow)->getWithNewType(builder_.getDoubleTy());
  Type* wide = cast<VectorType>(narrow)->getWithNewType(builder_.getInt64Ty());
  Value* quotient;
  if (is_signed) {
    quotient = builder_.CreateFPToSI(builder_.CreateFDiv(builder_.CreateSIToFP(dividend, doubles),
                                                         builder_.CreateSIToFP(divisor, doubles)),
                                     narrow);
  } else {
    // 2^52 + n holds n in its low bits; AVX2 has no unsigned conversion.
    Constant* magic_bits = ConstantInt::get(wide, 0x4330000000000000);
    Constant* magic = ConstantFP::get(doubles, 0x1p52);
    const auto to_double = [&](Value* number) {
      Value* bits = builder_.CreateOr(builder_.CreateZExt(number, wide), magic_bits);
      return builder_.CreateFSub(builder_.CreateBitCast(bits, doubles), magic);
    };
    Value* exact = builder_.CreateUnaryIntrinsic(
        Intrinsic::floor, builder_.CreateFDiv(to_double(dividend), to_double(divisor)));
    quotient = builder_.CreateTrunc(builder_.CreateBitCast(builder_.CreateFAdd(exact, magic), wide),
                                    narrow);
  }
  if (!remainder) return quotient;
  return builder_.CreateSub(dividend, builder_.CreateMul(quotient, divisor));
}

Value* Emitter::emit_intrinsic(IntrinsicInst& call) {
  const Intrinsic::ID id = call.getIntrinsicID();
  SmallVector<Type*, 3> overloads;
  if (isVectorIntrinsicWithOverloadTypeAtArg(id, -1, nullptr))
    overloads.push_back(flat(call.getType()));
  SmallVector<Value*, 4> operands;
  for (unsigned i = 0; i < call.arg_size(); ++i) {
    const Value* operand = call.getArgOperand(i);
    operands.push_back(isVectorIntrinsicWithScalarOpAtArg(id, i, nullptr) ? base(operand)
                                                                          : vector(operand));
    if (isVectorIntrinsicWithOverloadTypeAtArg(id, int(i), nullptr))
      overloads.push_back(operands.back()->getType());
  }
  Function* callee = Intrinsic::getOrInsertDeclaration(vector_.getParent(), id, overloads);
  CallInst* result = builder_.CreateCall(callee, operands);
  if (isa<FPMathOperator>(result)) result->copyFastMathFlags(&call);
  return result;
}

Value* Emitter::emit_extract(ExtractElementInst& extract) {
  const unsigned count = cast<FixedVectorType>(extract.getVectorOperandType())->getNumElements();
  const auto element = cast<ConstantInt>(extract.getIndexOperand())->getZExtValue();
  Value* whole = vector(extract.getVectorOperand());
  if (isPowerOf2_32(count)) return elements_of_lanes(whole, count)[element];
  SmallVector<int> elements;
  for (unsigned lane = 0; lane < lanes(); ++lane) elements.push_back(int(lane * count + element));
  return builder_.CreateShuffleVector(whole, elements);
}

/// By halves, so that what is common to several elements is done once: the even ones, then the odd
/// ones, each of a register out of two. Many words go register by register: of a permutation out of
/// more the code generator makes each element's anew, which for few is as good, or better.
ArrayRef<Value*> Emitter::elements_of_lanes(Value* flat_vector, unsigned count) {
  auto& known = at_hand_.elements[flat_vector];
  if (!known.empty()) return known;
  constexpr unsigned kMany = 8;
  const bool many =
      count >= kMany && layout_.getTypeSizeInBits(flat_vector->getType()->getScalarType()) == 32;
  SmallVector<Registers, 8> parts{many ? split(flat_vector) : Registers{flat_vector}};
  for (unsigned width = count; width > 1; width /= 2) {
    SmallVector<Registers, 8> halves;
    for (const unsigned odd : {0u, 1u})
      for (const Registers& part : parts) halves.push_back(every_other(part, odd));
    parts = std::move(halves);
  }
  for (Registers& part : parts) known.push_back(concatenate(std::move(part)));
  return known;
}

/// Into vectors of a register's size; one if it is no larger.
Emitter::Registers Emitter::split(Value* vector) {
  auto* type = cast<FixedVectorType>(vector->getType());
  const auto bits = unsigned(layout_.getTypeSizeInBits(type->getElementType()));
  const unsigned count = type->getNumElements(), width = abilities_.register_bytes * 8 / bits;
  if (count <= width) return {vector};
  Registers registers;
  for (unsigned first = 0; first < count; first += width) {
    SmallVector<int> part;
    for (unsigned i = 0; i < width; ++i) part.push_back(int(first + i));
    registers.push_back(builder_.CreateShuffleVector(vector, part));
  }
  return registers;
}

Emitter::Registers Emitter::every_other(const Registers& from, unsigned first) {
  SmallVector<int> picks;
  const unsigned width = elements_of(from[0]->getType());
  for (unsigned i = 0; i < width * std::min<size_t>(from.size(), 2) / 2; ++i)
    picks.push_back(int(2 * i + first));
  if (from.size() == 1) return {builder_.CreateShuffleVector(from[0], picks)};
  Registers result;
  for (size_t i = 0; i < from.size(); i += 2)
    result.push_back(builder_.CreateShuffleVector(from[i], from[i + 1], picks));
  return result;
}

Value* Emitter::emit_insert(InsertElementInst& insert) {
  const unsigned count = cast<FixedVectorType>(insert.getType())->getNumElements();
  const auto element = cast<ConstantInt>(insert.getOperand(2))->getZExtValue();
  Value* into = vector(insert.getOperand(0));
  SmallVector<int> widened, merged;
  for (unsigned i = 0; i < lanes() * count; ++i) {
    widened.push_back(i < lanes() ? int(i) : PoisonMaskElem);
    merged.push_back(i % count == element ? int(lanes() * count + i / count) : int(i));
  }
  Value* elements = builder_.CreateShuffleVector(vector(insert.getOperand(1)), widened);
  return builder_.CreateShuffleVector(into, elements, merged);
}

Value* Emitter::emit_shuffle(ShuffleVectorInst& shuffle) {
  const unsigned count = cast<FixedVectorType>(shuffle.getOperand(0)->getType())->getNumElements();
  SmallVector<int> elements;
  for (unsigned lane = 0; lane < lanes(); ++lane)
    for (const int from : shuffle.getShuffleMask()) {
      if (from < 0)
        elements.push_back(PoisonMaskElem);
      else if (unsigned(from) < count)
        elements.push_back(int(lane * count + from));
      else
        elements.push_back(int((lanes() + lane) * count + from - count));
    }
  return builder_.CreateShuffleVector(vector(shuffle.getOperand(0)), vector(shuffle.getOperand(1)),
                                      elements);
}

void Emitter::emit_alloca(AllocaInst& object) {
  if (!isa<ConstantInt>(object.getArraySize()))
    return fail(object, "private array of a size known only at run time");
  const uint64_t stride = analyses_.private_memory.lane_stride(object);
  const uint64_t element = analyses_.private_memory.interleaved_element(&object);
  const uint64_t size = object.getAllocationSize(layout_)->getFixedValue();
  const uint64_t bytes = kLanes * (element ? alignTo(size, element) : stride);
  AllocaInst* lanes = stack(ArrayType::get(builder_.getInt8Ty(), bytes), object.getName());
  lanes->setAlignment(Align(64));
  record(object, lanes);
}

void Emitter::remark(Remark::Kind kind, const Instruction& instruction, const Twine& what) {
  Remark remark{kind, what.str(), {}, 0};
  if (const DebugLoc& place = instruction.getDebugLoc()) {
    remark.file = place->getFilename().str();
    remark.line = place->getLine();
  }
  remarks_.push_back(std::move(remark));
}

Value* Emitter::serially(Instruction& instruction, const Twine& what) {
  if (remarked_.insert({&instruction, Remark::Kind::serialised}).second)
    remark(Remark::Kind::serialised, instruction, what + " runs once per active lane");
  return emit_serially(instruction);
}

void Emitter::scalarised(const Instruction& instruction, const Twine& what) {
  if (remarked_.insert({&instruction, Remark::Kind::scalarised}).second)
    remark(Remark::Kind::scalarised, instruction, what + " is done lane by lane");
}

void Emitter::fail(const Instruction& instruction, const Twine& what) {
  failed_ = true;
  remark(Remark::Kind::failure, instruction, "vectoriser: " + what);
}

}  // namespace anvil::compiler::simd
