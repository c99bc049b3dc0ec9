// Sets of lanes. Between blocks a set is a 32-bit number: x86 has no cheap register for 32 booleans
// below AVX-512, tests for "any" and "all" become scalar compares, and a ballot is free.
#include "emitter.hpp"
#include "shape_transfer.hpp"

namespace anvil::vectorizer {

using namespace llvm;

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
  Value* lanes = vector(condition);
  if (code_->active) lanes = builder_.CreateFreeze(lanes);
  return builder_.CreateBitCast(lanes, builder_.getInt32Ty());
}

/// `base + lane < bound` and its like: the first bound - base lanes, without a vector compare.
Value* Emitter::bits_below(const ICmpInst& compare) {
  const Value *left = compare.getOperand(0), *right = compare.getOperand(1);
  const Shape form = shape(left);
  const bool here = plan_.zone(compare.getParent()) == &code_->zone;
  if (!here || !left->getType()->isIntegerTy() || left->getType()->getIntegerBitWidth() > 32 ||
      !form.has_stride(1) || !shape(right).is_uniform())
    return nullptr;
  const bool is_signed = compare.isSigned();
  const CmpInst::Predicate predicate = compare.getUnsignedPredicate();
  const bool below = predicate == CmpInst::ICMP_ULT || predicate == CmpInst::ICMP_ULE;
  if (compare.isEquality() ||
      !(is_signed ? extends_signed(form, left->getType()) : extends_unsigned(form, left->getType())))
    return nullptr;
  const auto extend = [&](Value* value) {
    return builder_.CreateIntCast(value, builder_.getInt64Ty(), is_signed);
  };
  Value* first = builder_.CreateAdd(extend(base(left)), builder_.getInt64(form.offset(0)));
  // a <= b counts one lane more than a < b does; a > b is not a <= b, a >= b not a < b.
  const bool inclusive = predicate == CmpInst::ICMP_ULE || predicate == CmpInst::ICMP_UGT;
  Value* count = builder_.CreateSub(extend(base(right)), first);
  if (inclusive) count = builder_.CreateAdd(count, builder_.getInt64(1));
  count = builder_.CreateBinaryIntrinsic(Intrinsic::smax, count, builder_.getInt64(0));
  count = builder_.CreateBinaryIntrinsic(Intrinsic::smin, count, builder_.getInt64(kLanes));
  Value* bits = builder_.CreateTrunc(
      builder_.CreateNot(builder_.CreateShl(builder_.getInt64(~uint64_t{0}), count)),
      builder_.getInt32Ty());
  return below ? bits : builder_.CreateNot(bits);
}

/// As <32 x i1>, or each lane `repeat` times for the elements of short vectors.
Value* Emitter::mask_of(Value* bits, unsigned repeat) {
  Value*& known = masks_[{bits, repeat}];
  if (known) return known;
  Value* mask = builder_.CreateBitCast(bits, FixedVectorType::get(builder_.getInt1Ty(), kLanes));
  return known = repeat_mask(mask, repeat);
}

Value* Emitter::repeat_mask(Value* mask, unsigned count) {
  if (count == 1) return mask;
  SmallVector<int> repeated;
  for (unsigned lane = 0; lane < kLanes; ++lane) repeated.append(count, int(lane));
  return builder_.CreateShuffleVector(mask, repeated);
}

Value* Emitter::or_where_inactive(Value* flat_vector, Constant* identity) {
  if (!code_->active) return flat_vector;
  return builder_.CreateSelect(mask_of(code_->active), flat_vector, builder_.CreateVectorSplat(kLanes, identity));
}

}  // namespace anvil::vectorizer
