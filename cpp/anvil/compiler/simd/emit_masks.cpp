// Sets of lanes. Between blocks a set is a 32-bit number: x86 has no cheap register for 32 booleans
// below AVX-512, tests for "any" and "all" become scalar compares, and a ballot is free.
#include "anvil/compiler/simd/emitter.hpp"
#include "anvil/compiler/simd/shape_transfer.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

namespace {

/// <1, 2, 4, ...>.
Constant* bit_of_each_lane(IRBuilder<>& builder, unsigned lanes) {
  SmallVector<uint32_t, kLanes> bits;
  for (unsigned lane = 0; lane < lanes; ++lane) bits.push_back(1u << lane);
  return ConstantDataVector::get(builder.getContext(), bits);
}

}  // namespace

/// Lanes where a condition holds; bits of inactive lanes are arbitrary, but never poison.
Value* Emitter::bits_of(const Value* condition) {
  const Shape form = shape(condition);
  if (form.is_constant()) {
    uint32_t bits = 0;
    for (unsigned lane = 0; lane < kLanes; ++lane)
      bits |= uint32_t(form.constant_of(lane, 1) & 1) << lane;
    return builder_.getInt32(bits);
  }
  if (form.is_uniform()) return builder_.CreateSExt(base(condition), builder_.getInt32Ty());
  if (const auto* compare = dyn_cast<ICmpInst>(condition))
    if (Value* bits = bits_below(*compare)) return bits;
  Value* holds = vector(condition);
  if (code_->active) holds = builder_.CreateFreeze(holds);
  if (abilities_.mask_moves)
    return builder_.CreateZExt(builder_.CreateBitCast(holds, builder_.getIntNTy(lanes())),
                               builder_.getInt32Ty());
  Constant* bits = bit_of_each_lane(builder_, lanes());
  return builder_.CreateOrReduce(
      builder_.CreateSelect(holds, bits, Constant::getNullValue(bits->getType())));
}

/// `base + lane < bound` and its like: the first bound - base lanes, without a vector compare.
Value* Emitter::bits_below(const ICmpInst& compare) {
  const Value *left = compare.getOperand(0), *right = compare.getOperand(1);
  const Shape form = shape(left);
  const bool here = plan_.zone(compare.getParent()) == &code_->zone;
  if (!here || !left->getType()->isIntegerTy() || left->getType()->getIntegerBitWidth() < 32 ||
      !form.has_stride(1) || !shape(right).is_uniform() || compare.isEquality())
    return nullptr;
  const bool is_signed = compare.isSigned();
  if (!(is_signed ? extends_signed(form, left->getType())
                  : extends_unsigned(form, left->getType())))
    return nullptr;
  const CmpInst::Predicate predicate = compare.getUnsignedPredicate();
  const auto constant = [&](uint64_t number) { return ConstantInt::get(left->getType(), number); };
  Value* first = base(left);
  if (form.offset(0))
    first = builder_.CreateAdd(first, ConstantInt::getSigned(left->getType(), form.offset(0)));
  // The first `count` lanes are below the bound; a <= b holds for one lane more than a < b.
  Value* count = builder_.CreateBinaryIntrinsic(
      is_signed ? Intrinsic::ssub_sat : Intrinsic::usub_sat, base(right), first);
  if (is_signed) count = builder_.CreateBinaryIntrinsic(Intrinsic::smax, count, constant(0));
  if (predicate == CmpInst::ICMP_ULE || predicate == CmpInst::ICMP_UGT) {
    count = builder_.CreateBinaryIntrinsic(Intrinsic::umin, count, constant(kLanes - 1));
    Value* any =
        builder_.CreateICmp(is_signed ? CmpInst::ICMP_SLE : CmpInst::ICMP_ULE, first, base(right));
    count = builder_.CreateSelect(any, builder_.CreateAdd(count, constant(1)), constant(0));
  } else {
    count = builder_.CreateBinaryIntrinsic(Intrinsic::umin, count, constant(kLanes));
  }
  count = builder_.CreateZExt(count, builder_.getInt64Ty());
  Value* above = builder_.CreateTrunc(builder_.CreateShl(builder_.getInt64(~uint64_t{0}), count),
                                      builder_.getInt32Ty());
  const bool below = predicate == CmpInst::ICMP_ULT || predicate == CmpInst::ICMP_ULE;
  return below ? builder_.CreateNot(above) : above;
}

/// As a vector of i1, or each lane `repeat` times for the elements of short vectors.
Value* Emitter::mask_of(Value* bits, unsigned repeat) {
  Value*& known = at_hand_.masks[{bits, repeat}];
  if (known) return known;
  Value* mask;
  if (abilities_.mask_moves) {
    mask = builder_.CreateBitCast(builder_.CreateTrunc(bits, builder_.getIntNTy(lanes())),
                                  FixedVectorType::get(builder_.getInt1Ty(), lanes()));
  } else {
    Constant* places = bit_of_each_lane(builder_, lanes());
    mask =
        builder_.CreateICmpNE(builder_.CreateAnd(builder_.CreateVectorSplat(lanes(), bits), places),
                              Constant::getNullValue(places->getType()));
  }
  return known = repeat_mask(mask, repeat);
}

Value* Emitter::repeat_mask(Value* mask, unsigned count) {
  if (count == 1) return mask;
  SmallVector<int> repeated;
  for (unsigned lane = 0; lane < lanes(); ++lane) repeated.append(count, int(lane));
  return builder_.CreateShuffleVector(mask, repeated);
}

/// `yes` in the lanes of `mask`, `no` in the others; `type` is the one lane's.
Value* Emitter::blend_lanes(Value* mask, Type* type, Value* yes, Value* no) {
  if (!type->isAggregateType()) {
    const auto* vector = dyn_cast<FixedVectorType>(type);
    return builder_.CreateSelect(repeat_mask(mask, vector ? vector->getNumElements() : 1), yes, no);
  }
  const auto* record = dyn_cast<StructType>(type);
  const uint64_t count = record ? record->getNumElements() : type->getArrayNumElements();
  Value* result = PoisonValue::get(yes->getType());
  for (unsigned i = 0; i < count; ++i) {
    Type* member = record ? record->getElementType(i) : type->getArrayElementType();
    result =
        builder_.CreateInsertValue(result,
                                   blend_lanes(mask, member, builder_.CreateExtractValue(yes, i),
                                               builder_.CreateExtractValue(no, i)),
                                   i);
  }
  return result;
}

Value* Emitter::or_where_inactive(Value* flat_vector, Constant* identity) {
  if (!code_->active) return flat_vector;
  return builder_.CreateSelect(mask_of(code_->active), flat_vector,
                               builder_.CreateVectorSplat(lanes(), identity));
}

}  // namespace anvil::compiler::simd
