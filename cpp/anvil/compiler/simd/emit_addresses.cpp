// Addresses like x[row * columns + lane] in 32-bit arithmetic: adjacent, unless the sum wraps
// around within the simdgroup. Nothing proves at compile time that it doesn't, but one compare of
// the base shows it at run time.
#include <llvm/IR/Operator.h>

#include "anvil/compiler/simd/emitter.hpp"
#include "anvil/compiler/simd/shape_transfer.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

namespace {

Value* both(IRBuilder<>& builder, Value* a, Value* b) {
  if (!a || !b) return a ? a : b;
  return builder.CreateAnd(a, b);
}

}  // namespace

/// The pattern that a varying value follows if extensions don't meet a wrapped sum. Only what the
/// current zone computes: operands from elsewhere are not at hand.
std::optional<Emitter::Pattern> Emitter::pattern_of(const Value* value) {
  const Shape form = shape(value);
  if (form.is_affine()) return Pattern{form, base(value)};
  const auto* instruction = dyn_cast<Instruction>(value);
  if (!instruction || plan_.zone(instruction->getParent()) != &code_->zone) return std::nullopt;
  if (const auto* step = dyn_cast<GetElementPtrInst>(instruction)) return pattern_of_address(*step);
  if (isa<ZExtInst, SExtInst>(instruction))
    return pattern_of_extension(instruction->getOperand(0), isa<SExtInst>(instruction),
                                instruction->getType());

  const auto* operation = dyn_cast<BinaryOperator>(instruction);
  if (!operation || !operation->getType()->isIntegerTy(64)) return std::nullopt;
  const auto* factor = dyn_cast<ConstantInt>(operation->getOperand(1));
  const unsigned opcode = operation->getOpcode();
  const bool sum = opcode == Instruction::Add || opcode == Instruction::Sub;
  const bool scaling = factor && (opcode == Instruction::Mul || opcode == Instruction::Shl);
  if (!sum && !scaling) return std::nullopt;
  const auto left = pattern_of(operation->getOperand(0));
  const auto right = pattern_of(operation->getOperand(1));
  if (!left || !right) return std::nullopt;
  LaneOffsets offsets;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    const int64_t a = left->offsets.offset(lane), b = right->offsets.offset(lane);
    if (opcode == Instruction::Shl)
      offsets[lane] = int64_t(uint64_t(a) << (factor->getZExtValue() & 63));
    else if (opcode == Instruction::Mul)
      offsets[lane] = a * factor->getSExtValue();
    else
      offsets[lane] = opcode == Instruction::Add ? a + b : a - b;
  }
  return Pattern{patterns_.affine(offsets, 0),
                 builder_.CreateBinOp(operation->getOpcode(), left->base, right->base),
                 both(builder_, left->holds, right->holds)};
}

std::optional<Emitter::Pattern> Emitter::pattern_of_extension(const Value* source, bool is_signed,
                                                              Type* wide) {
  const Shape form = shape(source);
  const unsigned width = source->getType()->getScalarSizeInBits();
  if (!form.is_affine() || width < 16 || width >= 64) return std::nullopt;
  const int64_t low = std::min<int64_t>(form.min_offset(), 0);
  const int64_t high = std::max<int64_t>(form.max_offset(), 0);
  Value* narrow = base(source);
  // base + low and base + high must not wrap, in one compare: base - lowest < span, unsigned.
  const APInt lowest = (is_signed ? APInt::getSignedMinValue(width) : APInt::getZero(width)) -
                       APInt(width, low, true);
  const APInt span = APInt::getAllOnes(width) - APInt(width, uint64_t(high - low));
  Value* distance = builder_.CreateSub(narrow, ConstantInt::get(narrow->getType(), lowest));
  Value* holds = builder_.CreateICmpULE(distance, ConstantInt::get(narrow->getType(), span));
  LaneOffsets offsets;
  for (unsigned lane = 0; lane < kLanes; ++lane) offsets[lane] = form.offset(lane);
  return Pattern{patterns_.affine(offsets, 0),
                 is_signed ? builder_.CreateSExt(narrow, wide) : builder_.CreateZExt(narrow, wide),
                 holds};
}

std::optional<Emitter::Pattern> Emitter::pattern_of_address(const GetElementPtrInst& step) {
  if (analyses_.private_memory.interleaved_element(&step)) return std::nullopt;
  auto result = pattern_of(step.getPointerOperand());
  SmallMapVector<Value*, APInt, 4> variable;
  APInt constant(64, 0);
  if (!result || !step.collectOffset(layout_, 64, variable, constant)) return std::nullopt;
  LaneOffsets offsets;
  for (unsigned lane = 0; lane < kLanes; ++lane) offsets[lane] = result->offsets.offset(lane);
  Value* bytes = builder_.getInt64(constant.getZExtValue());
  for (const auto& [index, scale] : variable) {
    const bool narrow = index->getType()->getIntegerBitWidth() < 64;
    const auto term =
        narrow ? pattern_of_extension(index, true, builder_.getInt64Ty()) : pattern_of(index);
    if (!term) return std::nullopt;
    for (unsigned lane = 0; lane < kLanes; ++lane)
      offsets[lane] += term->offsets.offset(lane) * scale.getSExtValue();
    bytes = builder_.CreateAdd(
        bytes, builder_.CreateMul(term->base, builder_.getInt64(scale.getZExtValue())));
    result->holds = both(builder_, result->holds, term->holds);
  }
  return Pattern{patterns_.affine(offsets, 0), builder_.CreatePtrAdd(result->base, bytes),
                 result->holds};
}

/// A pattern that makes an access much cheaper than one per lane, so that testing for it pays.
std::optional<Emitter::Pattern> Emitter::useful_pattern(const Value* pointer, Type* accessed) {
  if (code_->active && !code_->may_be_full) {
    if (!abilities_.masks(layout_, accessed)) return std::nullopt;
  }
  auto pattern = pattern_of(pointer);
  if (!pattern || !pattern->holds) return std::nullopt;
  const auto size = int64_t(layout_.getTypeStoreSize(accessed));
  const unsigned group = pattern->offsets.group_size(size);
  if (group == kLanes || (group > 1 && group * size >= 8) || pattern->offsets.group_size(0) > 2)
    return pattern;
  return std::nullopt;
}

}  // namespace anvil::compiler::simd
