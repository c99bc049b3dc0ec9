#include "anvil/compiler/simd/small_floats.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/Local.h>

namespace anvil::compiler::simd {
namespace {

using namespace llvm;

bool is_small(const Type* type) {
  const Type* scalar = type->getScalarType();
  return scalar->isHalfTy() || scalar->isBFloatTy();
}

Type* with_scalar(Type* shape, Type* scalar) {
  if (const auto* vector = dyn_cast<FixedVectorType>(shape))
    return FixedVectorType::get(scalar, vector->getNumElements());
  return scalar;
}

class Expansion {
 public:
  explicit Expansion(Instruction& at) : builder_(&at), at_(at) {
    if (isa<FPMathOperator>(at)) builder_.setFastMathFlags(at.getFastMathFlags());
  }

  /// The instruction's replacement, or null if it needs none.
  Value* run() {
    if (auto* cast_ = dyn_cast<CastInst>(&at_)) return conversion(*cast_);
    if (auto* compare = dyn_cast<FCmpInst>(&at_)) {
      if (!is_small(compare->getOperand(0)->getType())) return nullptr;
      return builder_.CreateFCmp(compare->getPredicate(), widen(compare->getOperand(0)),
                                 widen(compare->getOperand(1)));
    }
    if (!is_small(at_.getType())) return nullptr;
    if (auto* unary = dyn_cast<UnaryOperator>(&at_)) return flip_sign(unary->getOperand(0));
    if (auto* binary = dyn_cast<BinaryOperator>(&at_))
      return narrow(builder_.CreateBinOp(binary->getOpcode(), widen(binary->getOperand(0)),
                                         widen(binary->getOperand(1))),
                    at_.getType());
    if (auto* call = dyn_cast<IntrinsicInst>(&at_)) return intrinsic(*call);
    return nullptr;
  }

 private:
  Value* conversion(CastInst& cast) {
    Value* source = cast.getOperand(0);
    Type *from = source->getType(), *to = cast.getType();
    switch (cast.getOpcode()) {
      case Instruction::FPExt:
        if (!from->getScalarType()->isBFloatTy()) return nullptr;
        return builder_.CreateFPExt(widen(source), to);
      case Instruction::FPTrunc:
        if (to->getScalarType()->isHalfTy() && from->getScalarType()->isFloatTy()) {
          round_alone(cast);
          return nullptr;
        }
        if (!is_small(to)) return nullptr;
        return narrow(builder_.CreateFPTrunc(source, as_float(to)), to);
      case Instruction::SIToFP:
      case Instruction::UIToFP:
        if (!is_small(to)) return nullptr;
        return narrow(builder_.CreateCast(cast.getOpcode(), source, as_float(to)), to);
      case Instruction::FPToSI:
      case Instruction::FPToUI:
        if (!is_small(from)) return nullptr;
        return builder_.CreateCast(cast.getOpcode(), widen(source), to);
      default:
        return nullptr;
    }
  }

  /// Arithmetic, element by element. What only moves small floats (loads under a mask) is left
  /// alone.
  static bool is_elementwise(const IntrinsicInst& call) {
    return !call.mayReadOrWriteMemory() && all_of(call.args(), [&](const Value* operand) {
      return !is_small(operand->getType()) || operand->getType() == call.getType();
    });
  }

  Value* intrinsic(IntrinsicInst& call) {
    if (!is_elementwise(call)) return nullptr;
    if (call.getIntrinsicID() == Intrinsic::fabs) {
      Type* bits = integers(call.getType());
      Value* magnitude = builder_.CreateAnd(builder_.CreateBitCast(call.getArgOperand(0), bits),
                                            ConstantInt::get(bits, 0x7fff));
      return builder_.CreateBitCast(magnitude, call.getType());
    }
    SmallVector<Value*, 3> operands;
    for (Value* operand : call.args())
      operands.push_back(is_small(operand->getType()) ? widen(operand) : operand);
    return narrow(
        builder_.CreateIntrinsic(call.getIntrinsicID(), {as_float(call.getType())}, operands),
        call.getType());
  }

  Type* as_float(Type* type) { return with_scalar(type, builder_.getFloatTy()); }
  Type* integers(Type* type) {
    return with_scalar(type, builder_.getIntNTy(type->getScalarSizeInBits()));
  }

  Value* flip_sign(Value* value) {
    Type* bits = integers(value->getType());
    return builder_.CreateBitCast(
        builder_.CreateXor(builder_.CreateBitCast(value, bits), ConstantInt::get(bits, 0x8000)),
        value->getType());
  }

  Value* widen(Value* value) {
    Type* wide = as_float(value->getType());
    if (!value->getType()->getScalarType()->isBFloatTy()) return builder_.CreateFPExt(value, wide);
    Value* bits = builder_.CreateZExt(builder_.CreateBitCast(value, integers(value->getType())),
                                      integers(wide));
    return builder_.CreateBitCast(builder_.CreateShl(bits, 16), wide);
  }

  /// Of a double that was rounded to float the code generator would make one rounding to half,
  /// where it may contract: without AVX512-FP16 a library's function.
  static void round_alone(CastInst& to_half) { to_half.copyFastMathFlags(FastMathFlags()); }

  /// Rounds to nearest even; a NaN stays one, quietened.
  Value* narrow(Value* value, Type* to) {
    if (!to->getScalarType()->isBFloatTy()) {
      Value* rounded = builder_.CreateFPTrunc(value, to);
      if (auto* cast = dyn_cast<FPTruncInst>(rounded)) round_alone(*cast);
      return rounded;
    }
    Type *wide = integers(value->getType()), *small = integers(to);
    const auto constant = [&](uint64_t number) { return ConstantInt::get(wide, number); };
    Value* bits = builder_.CreateBitCast(value, wide);
    Value* odd = builder_.CreateAnd(builder_.CreateLShr(bits, 16), constant(1));
    Value* rounded = builder_.CreateAdd(bits, builder_.CreateAdd(odd, constant(0x7fff)));
    IRBuilder<>::FastMathFlagGuard guard(builder_);
    builder_.clearFastMathFlags();
    Value* is_nan = builder_.CreateFCmpUNO(value, value);
    Value* result =
        builder_.CreateSelect(is_nan, builder_.CreateOr(bits, constant(0x400000)), rounded);
    return builder_.CreateBitCast(builder_.CreateTrunc(builder_.CreateLShr(result, 16), small), to);
  }

  IRBuilder<> builder_;
  Instruction& at_;
};

bool is_bfloat(const Value* value) {
  return value->getType()->getScalarType()->isBFloatTy();
}

Type* bits_type(Type* type) {
  return with_scalar(type, Type::getIntNTy(type->getContext(), type->getScalarSizeInBits()));
}

Value* bits_of(Value* value, Instruction* before) {
  return IRBuilder<>(before).CreateBitCast(value, bits_type(value->getType()));
}

/// What only moves a bfloat moves its 16 bits: no processor has vectors of bfloat to load under a
/// mask, blend or shuffle, and the code generator would go through float and a library call.
void move_as_bits(Instruction& instruction) {
  if (auto* store = dyn_cast<StoreInst>(&instruction)) {
    if (is_bfloat(store->getValueOperand()))
      store->setOperand(0, bits_of(store->getValueOperand(), store));
    return;
  }
  if (!is_bfloat(&instruction)) return;
  auto* phi = dyn_cast<PHINode>(&instruction);
  if (!phi && !isa<LoadInst, SelectInst, FreezeInst, ExtractElementInst, InsertElementInst,
                   ShuffleVectorInst>(instruction))
    return;
  for (Use& use : instruction.operands())
    if (is_bfloat(use))
      use = bits_of(use, phi ? phi->getIncomingBlock(use)->getTerminator() : &instruction);
  SmallVector<Use*> uses(make_pointer_range(instruction.uses()));
  Type* type = instruction.getType();
  instruction.mutateType(bits_type(type));
  BasicBlock::iterator after =
      phi ? instruction.getParent()->getFirstInsertionPt() : std::next(instruction.getIterator());
  auto* whole = new BitCastInst(&instruction, type, "", after);
  for (Use* use : uses) use->set(whole);
}

/// There and back is nothing. A bfloat in between that lives on into another block is more than a
/// name: code generation would keep it as a float, and convert.
void drop_round_trips(Function& function) {
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    auto* back = dyn_cast<BitCastInst>(&instruction);
    auto* there = back ? dyn_cast<BitCastInst>(back->getOperand(0)) : nullptr;
    if (!there || there->getSrcTy() != back->getDestTy()) continue;
    back->replaceAllUsesWith(there->getOperand(0));
    RecursivelyDeleteTriviallyDeadInstructions(back);
  }
}

}  // namespace

void expand_small_floats(Function& function) {
  for (Instruction& instruction : make_early_inc_range(instructions(function)))
    move_as_bits(instruction);
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    Value* replacement = Expansion(instruction).run();
    if (!replacement) continue;
    replacement->takeName(&instruction);
    instruction.replaceAllUsesWith(replacement);
    instruction.eraseFromParent();
  }
  drop_round_trips(function);
}

}  // namespace anvil::compiler::simd
