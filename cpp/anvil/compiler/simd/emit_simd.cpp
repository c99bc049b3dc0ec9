// Operations across the lanes of a simdgroup: all of them, or those of the current mask.
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/IntrinsicsAArch64.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <cstddef>
#include <iterator>

#include "anvil/abi/kernel_abi.h"
#include "anvil/abi/matrix_abi.h"
#include "anvil/compiler/simd/emitter.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

namespace {

Constant* identity_of(const Primitive& primitive, Type* type) {
  using Operation = Primitive::Operation;
  const bool maximum = primitive.operation == Operation::max;
  switch (primitive.operation) {
    case Operation::add:
      return type->isFloatingPointTy() ? ConstantFP::get(type, -0.0) : ConstantInt::get(type, 0);
    case Operation::mul:
      return type->isFloatingPointTy() ? ConstantFP::get(type, 1.0) : ConstantInt::get(type, 1);
    case Operation::min:
    case Operation::max: {
      if (type->isFloatingPointTy()) return ConstantFP::getInfinity(type, maximum);
      const unsigned width = type->getIntegerBitWidth();
      if (!primitive.is_signed)
        return ConstantInt::get(type, maximum ? APInt::getZero(width) : APInt::getAllOnes(width));
      return ConstantInt::get(
          type, maximum ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width));
    }
    case Operation::bit_and:
      return Constant::getAllOnesValue(type);
    default:
      return Constant::getNullValue(type);
  }
}

SmallVector<int> consecutive(unsigned first, unsigned count) {
  SmallVector<int> indices;
  for (unsigned i = 0; i < count; ++i) indices.push_back(int(first + i));
  return indices;
}

}  // namespace

void Emitter::emit_primitive(CallBase& call, const Primitive& primitive) {
  using Kind = Primitive::Kind;
  switch (primitive.kind) {
    case Kind::threadgroup_barrier:
      return emit_barrier();
    case Kind::simdgroup_barrier:
      // Lanes run in lockstep; only the compiler could reorder what the barrier separates.
      builder_.CreateFence(AtomicOrdering::AcquireRelease, SyncScope::SingleThread);
      return;
    case Kind::matrix_multiply:
      return emit_matrix_multiply(call, primitive);
    case Kind::ballot: {
      Value* bits = bits_of(call.getArgOperand(0));
      return record(call, code_->active ? builder_.CreateAnd(bits, code_->active) : bits);
    }
    case Kind::shuffle:
      return record(call, emit_shuffle(call));
    case Kind::look_up: {
      const Value* word = call.getArgOperand(0);
      Value* found = shape(word).is_uniform() ? base(word) : vector(word);
      auto* bytes = FixedVectorType::get(builder_.getInt8Ty(),
                                         unsigned(layout_.getTypeStoreSize(found->getType())));
      auto* table = cast<Constant>(call.getArgOperand(1));
      Value* looked_up = look_up_bytes(builder_.CreateBitCast(found, bytes), table);
      return record(call, builder_.CreateBitCast(looked_up, found->getType()));
    }
    case Kind::reduce:
      return record(call, emit_reduction(call, primitive));
    case Kind::scan_inclusive:
    case Kind::scan_exclusive:
      return record(call, emit_scan(call, primitive));
  }
}

/// Each of the bytes, which may be of lanes that are not there, in a table of 16.
Value* Emitter::look_up_bytes(Value* bytes, Constant* table) {
  const unsigned count = cast<FixedVectorType>(bytes->getType())->getNumElements();
  const unsigned width = std::min(abilities_.shuffled_bytes, unsigned(alignTo(count, 16)));
  const unsigned piece = width >= 64 ? 64 : width >= 32 ? 32 : 16;
  const bool is_x86 = vector_.getParent()->getTargetTriple().isX86();
  SmallVector<int> repeated;
  for (unsigned i = 0; i < piece; ++i) repeated.push_back(int(i % 16));
  Value* tables = builder_.CreateShuffleVector(table, repeated);
  SmallVector<Value*> pieces;
  for (unsigned first = 0; first < count; first += piece) {
    SmallVector<int> own;
    for (unsigned i = first; i < first + piece; ++i) own.push_back(i < count ? int(i) : -1);
    Value* indices = builder_.CreateShuffleVector(bytes, own);
    const auto shuffled = [&](Intrinsic::ID shuffle, ArrayRef<Type*> types = {}) {
      pieces.push_back(builder_.CreateIntrinsic(shuffle, types, {tables, indices}));
    };
    if (!is_x86)
      shuffled(Intrinsic::aarch64_neon_tbl1, {tables->getType()});
    else
      shuffled(piece == 64   ? Intrinsic::x86_avx512_pshuf_b_512
               : piece == 32 ? Intrinsic::x86_avx2_pshuf_b
                             : Intrinsic::x86_ssse3_pshuf_b_128);
  }
  Value* all = concatenateVectors(builder_, pieces);
  if (all->getType() == bytes->getType()) return all;
  return builder_.CreateShuffleVector(all, consecutive(0, count));
}

void Emitter::emit_barrier() {
  Value* threadgroup = vector_.getArg(0);
  Value* slot = byte_address(threadgroup, offsetof(AnvilThreadgroup, barrier));
  Value* callee = builder_.CreateLoad(builder_.getPtrTy(), slot);
  auto* type = FunctionType::get(builder_.getVoidTy(), {builder_.getPtrTy()}, false);
  builder_.CreateCall(type, callee, {threadgroup});
}

/// The value, or that of the first active lane: all have the same, as far as the program is right.
Value* Emitter::common(const Value* value) {
  if (shape(value).is_uniform()) return base(value);
  Value* first = builder_.CreateIntrinsic(Intrinsic::cttz, {builder_.getInt32Ty()},
                                          {active_bits(), builder_.getTrue()});
  Value* memory = spill(vector(value));
  return reload(memory, value->getType(), builder_.CreateZExt(first, builder_.getInt64Ty()));
}

void Emitter::emit_matrix_multiply(CallBase& call, const Primitive& primitive) {
  // The library's parameters, in their order: where a field lies, and how many bytes it has.
  using Product = AnvilMatrixProduct;
  constexpr size_t kFields[] = {
      offsetof(Product, d),    offsetof(Product, d_kind), offsetof(Product, d_stride),
      offsetof(Product, a),    offsetof(Product, a_kind), offsetof(Product, a_stride),
      offsetof(Product, b),    offsetof(Product, b_kind), offsetof(Product, b_stride),
      offsetof(Product, m),    offsetof(Product, n),      offsetof(Product, k),
      offsetof(Product, flags)};
  Value* product = stack(ArrayType::get(builder_.getInt64Ty(), sizeof(Product) / 8), "product");
  unsigned lane_bytes = 0;
  for (unsigned i = 0; i < std::size(kFields); ++i) {
    const Value* argument = call.getArgOperand(i);
    Value* value = nullptr;
    if (i == 0 && primitive.lane_bytes) {
      // Lane by lane as private memory has it: the first lane's, whoever is active.
      const Shape form = shape(argument);
      if (!form.is_affine() || !form.has_stride(form.offset(1) - form.offset(0))) {
        failed_ = true;
        return remark(Remark::Kind::failure, call,
                      "a cooperative tensor that is chosen at run time is unsupported");
      }
      lane_bytes = unsigned(form.offset(1) - form.offset(0));
      value = lane(argument, 0);
    } else {
      value = common(argument);
    }
    builder_.CreateStore(value, byte_address(product, int64_t(kFields[i])));
  }
  builder_.CreateStore(builder_.getInt32(lane_bytes),
                       byte_address(product, offsetof(Product, lane_bytes)));
  Value* slot = byte_address(vector_.getArg(0), offsetof(AnvilThreadgroup, multiply_matrices));
  auto* type = FunctionType::get(builder_.getVoidTy(), {builder_.getPtrTy()}, false);
  builder_.CreateCall(type, builder_.CreateLoad(builder_.getPtrTy(), slot), {product});
}

Value* Emitter::combine(const Primitive& primitive, Value* a, Value* b) {
  using Operation = Primitive::Operation;
  const bool real = a->getType()->isFPOrFPVectorTy();
  const auto pick = [&](Intrinsic::ID of_float, Intrinsic::ID of_signed,
                        Intrinsic::ID of_unsigned) {
    return builder_.CreateBinaryIntrinsic(real                  ? of_float
                                          : primitive.is_signed ? of_signed
                                                                : of_unsigned,
                                          a, b);
  };
  switch (primitive.operation) {
    case Operation::add:
      return real ? builder_.CreateFAdd(a, b) : builder_.CreateAdd(a, b);
    case Operation::mul:
      return real ? builder_.CreateFMul(a, b) : builder_.CreateMul(a, b);
    case Operation::min:
      return pick(Intrinsic::minnum, Intrinsic::smin, Intrinsic::umin);
    case Operation::max:
      return pick(Intrinsic::maxnum, Intrinsic::smax, Intrinsic::umax);
    case Operation::bit_and:
      return builder_.CreateAnd(a, b);
    case Operation::bit_or:
      return builder_.CreateOr(a, b);
    default:
      return builder_.CreateXor(a, b);
  }
}

/// By halves: the order of the sum is part of the contract.
Value* Emitter::reduce_lanes(Value* lanes, const Primitive& primitive) {
  for (unsigned width = kLanes / 2; width; width /= 2)
    lanes = combine(primitive, builder_.CreateShuffleVector(lanes, consecutive(0, width)),
                    builder_.CreateShuffleVector(lanes, consecutive(width, width)));
  return builder_.CreateExtractElement(lanes, uint64_t{0});
}

Value* Emitter::emit_reduction(CallBase& call, const Primitive& primitive) {
  const Value* operand = call.getArgOperand(0);
  Type* type = operand->getType();
  // Idempotent operations on equal values: the value itself.
  const bool adds = primitive.operation == Primitive::Operation::add ||
                    primitive.operation == Primitive::Operation::mul ||
                    primitive.operation == Primitive::Operation::bit_xor;
  if (!adds && shape(operand).is_uniform()) return base(operand);
  IRBuilder<>::FastMathFlagGuard guard(builder_);
  builder_.clearFastMathFlags();
  return reduce_lanes(or_where_inactive(vector(operand), identity_of(primitive, type)), primitive);
}

/// Inclusive by Hillis and Steele's doubling; exclusive is the same one lane later.
Value* Emitter::emit_scan(CallBase& call, const Primitive& primitive) {
  const Value* operand = call.getArgOperand(0);
  Type* type = operand->getType();
  IRBuilder<>::FastMathFlagGuard guard(builder_);
  builder_.clearFastMathFlags();
  Constant* identity = identity_of(primitive, type);
  Value* identities = builder_.CreateVectorSplat(kLanes, identity);
  Value* lanes = or_where_inactive(vector(operand), identity);
  const auto later = [&](Value* from, Value* fill, unsigned distance) {
    SmallVector<int> indices;
    for (unsigned lane = 0; lane < kLanes; ++lane)
      indices.push_back(int(lane < distance ? kLanes + lane : lane - distance));
    return builder_.CreateShuffleVector(from, fill, indices);
  };
  for (unsigned distance = 1; distance < kLanes; distance *= 2) {
    Value* sums = combine(primitive, later(lanes, identities, distance), lanes);
    // The first lanes stay as they are: identity op v need not be v in floating point.
    SmallVector<int> indices;
    for (unsigned lane = 0; lane < kLanes; ++lane)
      indices.push_back(int(lane < distance ? lane : kLanes + lane));
    lanes = builder_.CreateShuffleVector(lanes, sums, indices);
  }
  return primitive.kind == Primitive::Kind::scan_exclusive ? later(lanes, identities, 1) : lanes;
}

Value* Emitter::emit_shuffle(CallBase& call) {
  const Value *operand = call.getArgOperand(0), *from = call.getArgOperand(1);
  Type* type = operand->getType();
  const Shape source = shape(from);
  if (shape(operand).is_uniform()) return base(operand);
  if (source.is_constant()) {
    SmallVector<int> lanes;
    for (unsigned lane = 0; lane < kLanes; ++lane)
      lanes.push_back(int(uint64_t(source.constant_of(lane, 32)) % kLanes));
    if (source.is_uniform()) return lane(operand, unsigned(lanes[0]));
    return builder_.CreateShuffleVector(vector(operand), lanes);
  }
  const auto within = [&](Value* index) {
    return builder_.CreateAnd(index, ConstantInt::get(index->getType(), kLanes - 1));
  };
  Value* memory = spill(vector(operand));
  if (source.is_uniform()) {
    Value* index = builder_.CreateZExt(within(base(from)), builder_.getInt64Ty());
    return reload(memory, type, index);
  }
  Value* indices = spill(within(vector(from)));
  Value* result = PoisonValue::get(flat(type));
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    Value* index = reload(indices, from->getType(), builder_.getInt64(lane));
    // Inactive lanes may hold poison.
    if (code_->active) index = within(builder_.CreateFreeze(index));
    Value* value = reload(memory, type, builder_.CreateZExt(index, builder_.getInt64Ty()));
    result = builder_.CreateInsertElement(result, value, lane);
  }
  return result;
}

}  // namespace anvil::compiler::simd
