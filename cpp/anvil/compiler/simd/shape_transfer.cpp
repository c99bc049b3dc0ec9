#include "anvil/compiler/simd/shape_transfer.hpp"

#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Operator.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/Support/KnownBits.h>

#include "anvil/compiler/simd/primitives.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

unsigned width_of(const Type* type) {
  return type->isIntegerTy() ? type->getIntegerBitWidth() : 64;
}

unsigned known_alignment(const Value& value, const ScalarAnalyses& analyses,
                         const Instruction* context) {
  const Type* type = value.getType();
  const bool tracked =
      type->isPointerTy() || (type->isIntegerTy() && type->getIntegerBitWidth() <= 64);
  if (!tracked) return 0;
  const auto* instruction = dyn_cast<Instruction>(&value);
  const DataLayout& layout = analyses.order.blocks().front()->getDataLayout();
  auto& assumptions = const_cast<AssumptionCache&>(analyses.assumptions);
  const SimplifyQuery query(layout, &analyses.dominators, &assumptions,
                            context ? context : instruction);
  return std::min(computeKnownBits(&value, query).countMinTrailingZeros(), kMaxAlignment);
}

bool splits_at_alignment(const Shape& shape) {
  return shape.is_affine() && shape.offsets_below_alignment();
}

bool extends_unsigned(const Shape& shape, const Type*) {
  return shape.no_unsigned_wrap || shape.offsets_below_alignment();
}

bool extends_signed(const Shape& shape, const Type*) {
  return shape.no_signed_wrap || shape.offsets_below_alignment();
}

Shape ShapeTransfer::with_offsets(const Type* type, LaneOffsets offsets, unsigned alignment) {
  for (int64_t& offset : offsets) offset = wrap(offset, width_of(type));
  return pool_.affine(offsets, alignment);
}

Shape ShapeTransfer::uniform_result(const Instruction& instruction) {
  return Shape::uniform(known_alignment(instruction, analyses_, &instruction));
}

/// All operands are integers known at compile time in every lane.
Shape ShapeTransfer::fold_lanes(const Instruction& instruction) {
  const DataLayout& layout = instruction.getDataLayout();
  LaneOffsets results{};
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    SmallVector<Constant*, 4> operands;
    for (const Value* operand : instruction.operands()) {
      if (auto* constant = dyn_cast<Constant>(operand); constant && !isa<ConstantInt>(operand))
        operands.push_back(const_cast<Constant*>(constant));
      else
        operands.push_back(ConstantInt::getSigned(
            operand->getType(),
            shape_of_(operand).constant_of(lane, width_of(operand->getType()))));
    }
    const Constant* folded =
        isa<CmpInst>(instruction)
            ? ConstantFoldCompareInstOperands(cast<CmpInst>(instruction).getPredicate(),
                                              operands[0], operands[1], layout)
            : ConstantFoldInstOperands(const_cast<Instruction*>(&instruction), operands, layout);
    const auto* number = dyn_cast_or_null<ConstantInt>(folded);
    // A lane without a defined result (a division by zero, say) may have any.
    if (!number && !isa_and_nonnull<UndefValue>(folded)) return Shape::varying();
    results[lane] = number ? number->getSExtValue() : 0;
  }
  return pool_.constants(results, width_of(instruction.getType()));
}

Shape ShapeTransfer::operator()(const Instruction& instruction) {
  bool all_uniform = true;
  bool all_constant = instruction.getType()->isIntegerTy() &&
                      instruction.getType()->getIntegerBitWidth() <= 64 &&
                      !instruction.mayReadOrWriteMemory();
  for (const Value* operand : instruction.operands()) {
    if (isa<Function, UndefValue>(operand)) continue;
    const Shape shape = shape_of_(operand);
    if (shape.is_unknown()) return Shape();
    all_uniform &= shape.is_uniform();
    all_constant &= shape.is_constant() && operand->getType()->isIntegerTy();
  }
  if (const auto* object = dyn_cast<AllocaInst>(&instruction)) {
    const auto stride = int64_t(analyses_.private_memory.lane_stride(*object));
    LaneOffsets offsets;
    for (unsigned lane = 0; lane < kLanes; ++lane) offsets[lane] = lane * stride;
    return pool_.affine(offsets, 6);
  }
  if (const auto* call_site = dyn_cast<CallBase>(&instruction);
      call_site && (primitive_of(*call_site) || instruction.mayReadOrWriteMemory()))
    return call(*call_site);
  if (isa<AtomicRMWInst, AtomicCmpXchgInst, VAArgInst>(instruction)) return Shape::varying();
  if (all_constant && instruction.getNumOperands() > 0) return fold_lanes(instruction);
  if (all_uniform) return uniform_result(instruction);

  if (const auto* operation = dyn_cast<BinaryOperator>(&instruction)) return binary(*operation);
  if (const auto* conversion = dyn_cast<CastInst>(&instruction)) return cast(*conversion);
  if (const auto* comparison = dyn_cast<ICmpInst>(&instruction)) return compare(*comparison);
  if (const auto* step = dyn_cast<GetElementPtrInst>(&instruction)) return address(*step);
  if (isa<FreezeInst>(instruction)) return shape_of_(instruction.getOperand(0));
  if (const auto* select = dyn_cast<SelectInst>(&instruction)) {
    if (shape_of_(select->getCondition()).is_uniform())
      return pool_.join(shape_of_(select->getTrueValue()), shape_of_(select->getFalseValue()));
  }
  return Shape::varying();
}

Shape ShapeTransfer::binary(const BinaryOperator& operation) {
  const Type* type = operation.getType();
  const Value *left = operation.getOperand(0), *right = operation.getOperand(1);
  const Shape a = shape_of_(left), b = shape_of_(right);
  if (!type->isIntegerTy() || !a.is_affine() || !b.is_affine()) return Shape::varying();
  const auto* factor = dyn_cast<ConstantInt>(right);

  LaneOffsets offsets{};
  unsigned alignment = std::min(a.alignment, b.alignment);
  switch (operation.getOpcode()) {
    case Instruction::Or:
      if (factor && splits_at_alignment(a)) {
        const uint64_t low = (uint64_t{1} << a.alignment) - 1;
        for (unsigned lane = 0; lane < kLanes; ++lane)
          offsets[lane] = a.offset(lane) | int64_t(factor->getZExtValue() & low);
        return with_offsets(type, offsets, a.alignment);
      }
      if (!llvm::cast<PossiblyDisjointInst>(operation).isDisjoint()) return Shape::varying();
      [[fallthrough]];
    case Instruction::Add:
      for (unsigned lane = 0; lane < kLanes; ++lane)
        offsets[lane] = a.offset(lane) + b.offset(lane);
      break;
    case Instruction::Sub:
      for (unsigned lane = 0; lane < kLanes; ++lane)
        offsets[lane] = a.offset(lane) - b.offset(lane);
      break;
    case Instruction::Mul:
      if (!factor) return Shape::varying();
      for (unsigned lane = 0; lane < kLanes; ++lane)
        offsets[lane] = a.offset(lane) * factor->getSExtValue();
      alignment = a.alignment + factor->getValue().countr_zero();
      break;
    case Instruction::Shl:
      if (!factor || factor->uge(type->getIntegerBitWidth())) return Shape::varying();
      for (unsigned lane = 0; lane < kLanes; ++lane)
        offsets[lane] = int64_t(uint64_t(a.offset(lane)) << factor->getZExtValue());
      alignment = a.alignment + unsigned(factor->getZExtValue());
      break;
    case Instruction::Xor: {
      if (!factor || !splits_at_alignment(a)) return Shape::varying();
      const uint64_t low = (uint64_t{1} << a.alignment) - 1;
      for (unsigned lane = 0; lane < kLanes; ++lane)
        offsets[lane] = a.offset(lane) ^ int64_t(factor->getZExtValue() & low);
      return with_offsets(type, offsets, a.alignment);
    }
    case Instruction::And:
      return factor ? bit_and(a, factor->getValue()) : Shape::varying();
    case Instruction::LShr:
    case Instruction::AShr:
      if (!factor || factor->uge(type->getIntegerBitWidth())) return Shape::varying();
      return shift_right(operation, a, factor->getZExtValue());
    default:
      return Shape::varying();
  }
  Shape shape = with_offsets(type, offsets, alignment);
  if (!shape.is_uniform()) {
    const auto* wrapping = dyn_cast<OverflowingBinaryOperator>(&operation);
    shape.no_signed_wrap =
        (!wrapping || wrapping->hasNoSignedWrap()) && a.no_signed_wrap && b.no_signed_wrap;
    // The promise is for lanes that are on, and the base is lane 0's value, on or not. It does not
    // wrap either if it is the least of a sum's or product's values, or a difference's greatest:
    // in `lane >= n ? x[lane - n] : 0` it is neither, and does.
    const bool base_follows = operation.getOpcode() == Instruction::Sub ? shape.max_offset() <= 0
                                                                        : shape.min_offset() >= 0;
    shape.no_unsigned_wrap = (!wrapping || (wrapping->hasNoUnsignedWrap() && base_follows)) &&
                             a.no_unsigned_wrap && b.no_unsigned_wrap;
  }
  return shape;
}

Shape ShapeTransfer::bit_and(const Shape& affine, const APInt& mask) {
  LaneOffsets offsets{};
  const uint64_t bits = mask.getZExtValue();
  if (mask.isMask() && mask.countr_one() <= affine.alignment) {
    for (unsigned lane = 0; lane < kLanes; ++lane)
      offsets[lane] = SignExtend64(uint64_t(affine.offset(lane)) & bits, mask.getBitWidth());
    return pool_.constants(offsets, mask.getBitWidth());
  }
  if (!splits_at_alignment(affine)) return Shape::varying();
  for (unsigned lane = 0; lane < kLanes; ++lane)
    offsets[lane] = int64_t(uint64_t(affine.offset(lane)) & bits);
  return pool_.affine(offsets, std::max<unsigned>(affine.alignment, mask.countr_zero()));
}

Shape ShapeTransfer::shift_right(const BinaryOperator& shift, const Shape& affine,
                                 uint64_t amount) {
  const bool is_signed = shift.getOpcode() == Instruction::AShr;
  const bool exact =
      affine.alignment >= amount &&
      (is_signed ? affine.no_signed_wrap : affine.no_unsigned_wrap && affine.min_offset() >= 0);
  if (!affine.offsets_below_alignment() && !exact) return Shape::varying();
  LaneOffsets offsets{};
  // Below an alignment of less than 2^amount every offset is shifted out together with the base's
  // low bits.
  if (affine.alignment >= amount)
    for (unsigned lane = 0; lane < kLanes; ++lane) offsets[lane] = affine.offset(lane) >> amount;
  Shape shape =
      pool_.affine(offsets, affine.alignment >= amount ? affine.alignment - unsigned(amount) : 0);
  shape.no_signed_wrap = shape.no_unsigned_wrap = true;
  return shape;
}

Shape ShapeTransfer::cast(const CastInst& conversion) {
  const Value* source = conversion.getOperand(0);
  Shape shape = shape_of_(source);
  if (!shape.is_affine()) return Shape::varying();
  switch (conversion.getOpcode()) {
    case Instruction::PtrToInt:
    case Instruction::IntToPtr:
      return source->getType()->getPrimitiveSizeInBits() == 64 ||
                     conversion.getType()->getPrimitiveSizeInBits() == 64
                 ? shape
                 : Shape::varying();
    case Instruction::ZExt:
      // A non-negative value extends either way; its base may still be negative.
      if (!extends_unsigned(shape, source->getType()) &&
          !(conversion.hasNonNeg() && extends_signed(shape, source->getType())))
        return Shape::varying();
      shape.no_unsigned_wrap = extends_unsigned(shape, source->getType());
      shape.no_signed_wrap = true;
      return shape;
    case Instruction::SExt:
      if (!extends_signed(shape, source->getType())) return Shape::varying();
      shape.no_signed_wrap = true;
      shape.no_unsigned_wrap = false;
      return shape;
    case Instruction::Trunc: {
      LaneOffsets offsets{};
      for (unsigned lane = 0; lane < kLanes; ++lane) offsets[lane] = shape.offset(lane);
      return with_offsets(conversion.getType(), offsets, shape.alignment);
    }
    default:
      return Shape::varying();
  }
}

Shape ShapeTransfer::compare(const ICmpInst& comparison) {
  const Shape a = shape_of_(comparison.getOperand(0)), b = shape_of_(comparison.getOperand(1));
  if (!a.is_affine() || !b.is_affine()) return Shape::varying();
  const bool ordered_alike = comparison.isSigned() ? a.no_signed_wrap && b.no_signed_wrap
                                                   : a.no_unsigned_wrap && b.no_unsigned_wrap;
  if (a.offsets == b.offsets && (comparison.isEquality() || ordered_alike))
    return Shape::uniform(0);
  // All lanes lie in one aligned block of 2^alignment numbers, the bound on a block's edge.
  if (b.is_uniform() && splits_at_alignment(a)) {
    CmpInst::Predicate predicate = comparison.getPredicate();
    const bool below = predicate == CmpInst::ICMP_ULT || predicate == CmpInst::ICMP_SLT ||
                       predicate == CmpInst::ICMP_UGE || predicate == CmpInst::ICMP_SGE;
    const bool above = predicate == CmpInst::ICMP_UGT || predicate == CmpInst::ICMP_SGT ||
                       predicate == CmpInst::ICMP_ULE || predicate == CmpInst::ICMP_SLE;
    if (below && b.alignment >= a.alignment) return Shape::uniform(0);
    if (const auto* bound = dyn_cast<ConstantInt>(comparison.getOperand(1)); above && bound) {
      const APInt next = bound->getValue() + 1;
      if (!next.isZero() && !next.isSignMask() && next.countr_zero() >= a.alignment)
        return Shape::uniform(0);
    }
  }
  return Shape::varying();
}

Shape ShapeTransfer::address(const GetElementPtrInst& step) {
  const Shape pointer = shape_of_(step.getPointerOperand());
  if (!pointer.is_affine() || step.getType()->isVectorTy()) return Shape::varying();
  SmallMapVector<Value*, APInt, 4> variable;
  APInt constant(64, 0);
  if (!step.collectOffset(step.getDataLayout(), 64, variable, constant)) return Shape::varying();
  const bool interleaved = analyses_.private_memory.interleaved_element(&step) != 0;
  const int64_t spread = interleaved ? kLanes : 1;

  LaneOffsets offsets{};
  for (unsigned lane = 0; lane < kLanes; ++lane) offsets[lane] = pointer.offset(lane);
  unsigned alignment = std::min<unsigned>(pointer.alignment, constant.countr_zero());
  for (const auto& [index, scale] : variable) {
    const Shape shape = shape_of_(index);
    if (!shape.is_affine()) return Shape::varying();
    if (index->getType()->getIntegerBitWidth() < 64 && !extends_signed(shape, index->getType()))
      return Shape::varying();
    for (unsigned lane = 0; lane < kLanes; ++lane)
      offsets[lane] += shape.offset(lane) * scale.getSExtValue() * spread;
    alignment = std::min<unsigned>(alignment, shape.alignment + scale.countr_zero());
  }
  return pool_.affine(offsets, alignment);
}

Shape ShapeTransfer::call(const CallBase& call_site) {
  const auto primitive = primitive_of(call_site);
  if (!primitive) return Shape::varying();
  if (primitive->is_uniform()) return Shape::uniform(0);
  if (primitive->kind == Primitive::Kind::look_up &&
      shape_of_(call_site.getArgOperand(0)).is_uniform())
    return Shape::uniform(0);
  if (primitive->kind == Primitive::Kind::shuffle &&
      (shape_of_(call_site.getArgOperand(0)).is_uniform() ||
       shape_of_(call_site.getArgOperand(1)).is_uniform()))
    return Shape::uniform(0);
  return Shape::varying();
}

}  // namespace anvil::compiler::simd
