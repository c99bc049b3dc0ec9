// Atomic operations: one per active lane in lane order.
#include "anvil/compiler/simd/emitter.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

void Emitter::emit_atomic(Instruction& instruction) {
  if (auto* update = dyn_cast<AtomicRMWInst>(&instruction); update && reduce_atomic(*update))
    return;
  Value* old = serially(instruction, "atomic operation");
  record(instruction, old);
}

/// Lanes that update one integer and ignore what it was can do so with one operation.
bool Emitter::reduce_atomic(AtomicRMWInst& update) {
  using Operation = Primitive::Operation;
  const Value* value = update.getValOperand();
  if (!update.use_empty() || !shape(update.getPointerOperand()).is_uniform() ||
      !update.getType()->isIntegerTy() || update.isVolatile())
    return false;
  Primitive reduction{Primitive::Kind::reduce};
  const unsigned width = update.getType()->getIntegerBitWidth();
  APInt identity(width, 0);
  switch (update.getOperation()) {
    case AtomicRMWInst::Add:
      reduction.operation = Operation::add;
      break;
    case AtomicRMWInst::Or:
      reduction.operation = Operation::bit_or;
      break;
    case AtomicRMWInst::Xor:
      reduction.operation = Operation::bit_xor;
      break;
    case AtomicRMWInst::And:
      reduction.operation = Operation::bit_and;
      identity = APInt::getAllOnes(width);
      break;
    case AtomicRMWInst::UMax:
      reduction.operation = Operation::max;
      break;
    case AtomicRMWInst::UMin:
      reduction.operation = Operation::min;
      identity = APInt::getAllOnes(width);
      break;
    case AtomicRMWInst::Max:
      reduction.operation = Operation::max;
      reduction.is_signed = true;
      identity = APInt::getSignedMinValue(width);
      break;
    case AtomicRMWInst::Min:
      reduction.operation = Operation::min;
      reduction.is_signed = true;
      identity = APInt::getSignedMaxValue(width);
      break;
    default:
      return false;
  }
  Value* total;
  if (shape(value).is_uniform() && reduction.operation == Operation::add) {
    Value* count = builder_.CreateUnaryIntrinsic(Intrinsic::ctpop, active_bits());
    total = builder_.CreateMul(base(value), builder_.CreateZExtOrTrunc(count, update.getType()));
  } else {
    total = reduce_lanes(
        or_where_inactive(vector(value), ConstantInt::get(update.getType(), identity)), reduction);
  }
  clone_with(update, {base(update.getPointerOperand()), total});
  return true;
}

}  // namespace anvil::compiler::simd
