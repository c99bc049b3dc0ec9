// Loads and stores, by how the lanes' addresses lie to each other.
//
// With all lanes active: adjacent lanes are one wide access; groups of adjacent lanes one access
// each; a constant pattern a few wide accesses and permutations (strips.hpp, windows.hpp); anything
// else a gather or scatter where that is fast, else one access per lane. With fewer lanes: a masked
// wide access, masked strips, or a masked gather, where the machine has one, else a test for all
// lanes, else a loop over those active.
#include <llvm/Support/SaveAndRestore.h>

#include "anvil/compiler/simd/byte_tables.hpp"
#include "anvil/compiler/simd/emitter.hpp"

namespace anvil::compiler::simd {

using namespace llvm;

namespace {

Type* times(Type* type, unsigned count) {
  if (const auto* vector = dyn_cast<FixedVectorType>(type))
    return FixedVectorType::get(vector->getElementType(), vector->getNumElements() * count);
  return FixedVectorType::get(type, count);
}

}  // namespace

Value* Emitter::byte_address(Value* base, int64_t offset) {
  return offset ? builder_.CreatePtrAdd(base, ConstantInt::getSigned(builder_.getInt64Ty(), offset))
                : base;
}

/// What aliasing says about one lane's access holds for all lanes' accesses alike; what is said
/// about the value (ranges, alignment of the pointer loaded) may not hold in inactive lanes.
Instruction* Emitter::annotate(Instruction* wide, const Instruction& original) {
  wide->copyMetadata(original, {LLVMContext::MD_tbaa, LLVMContext::MD_alias_scope,
                                LLVMContext::MD_noalias, LLVMContext::MD_nontemporal,
                                LLVMContext::MD_invariant_load, LLVMContext::MD_access_group});
  return wide;
}

/// Chooses at run time between code for all lanes and code for any lanes.
Value* Emitter::if_all_active(function_ref<Value*()> all, function_ref<Value*()> some) {
  if (!code_->active) return all();
  if (!code_->may_be_full) return some();
  return choose(builder_.CreateICmpEQ(active_bits(), all_lanes()), all, some);
}

/// Both make a value of one type, or both null.
Value* Emitter::choose(Value* condition, function_ref<Value*()> yes, function_ref<Value*()> no) {
  const auto block = [&](const Twine& name) {
    return BasicBlock::Create(vector_.getContext(), name, &vector_, code_->outer->end);
  };
  BasicBlock *then = block("yes"), *otherwise = block("no"), *done = block("done");
  builder_.CreateCondBr(condition, then, otherwise);
  const auto arm = [&](BasicBlock* at, function_ref<Value*()> make) {
    const SaveAndRestore before_arm(at_hand_);
    builder_.SetInsertPoint(at);
    Value* made = make();
    BasicBlock* end = builder_.GetInsertBlock();
    builder_.CreateBr(done);
    return std::pair(made, end);
  };
  const auto [from_then, then_end] = arm(then, yes);
  const auto [from_otherwise, otherwise_end] = arm(otherwise, no);
  builder_.SetInsertPoint(done);
  if (!from_then) return nullptr;
  PHINode* merged = builder_.CreatePHI(from_then->getType(), 2);
  merged->addIncoming(from_then, then_end);
  merged->addIncoming(from_otherwise, otherwise_end);
  return merged;
}

void Emitter::emit_load(LoadInst& load) {
  const Value* pointer = load.getPointerOperand();
  const Shape form = shape(pointer);
  if (form.is_uniform()) {
    auto* copy = cast<LoadInst>(clone_with(load, {base(pointer)}));
    return record(load, copy);
  }
  if (load.isAtomic() || load.isVolatile())
    return record(load, serially(load, load.isAtomic() ? "atomic load" : "volatile load"));
  if (form.is_affine()) return record(load, load_lanes(load, {form, base(pointer)}));
  if (const auto pattern = useful_pattern(pointer, load.getType()))
    return record(load, choose(
                            pattern->holds, [&] { return load_lanes(load, *pattern); },
                            [&] { return load_anywhere(load); }));
  record(load, load_anywhere(load));
}

/// What a gather or scatter moves for a lane's value of this type: the value, or an integer in
/// place of a short vector. Null where there is nothing of its size.
Type* Emitter::gathered_as(Type* type) const {
  const TypeSize bits = layout_.getTypeSizeInBits(type);
  if (!type->isVectorTy()) return bits >= 32 ? type : nullptr;
  const bool whole = bits == layout_.getTypeAllocSizeInBits(type);
  return whole && (bits == 32 || bits == 64) ? builder_.getIntNTy(unsigned(bits)) : nullptr;
}

/// The integer in whose aligned 32 bits, and so in whose page, a smaller value that is aligned to
/// its size lies wholly. Null for others.
Type* Emitter::gathered_within_words(const LoadInst& load) {
  const TypeSize bits = layout_.getTypeSizeInBits(load.getType());
  const bool whole = bits == layout_.getTypeAllocSizeInBits(load.getType());
  return whole && (bits == 8 || bits == 16) && load.getAlign().value() * 8 >= bits
             ? builder_.getIntNTy(unsigned(bits))
             : nullptr;
}

bool Emitter::gathers(const LoadInst& load) {
  return gathered_as(load.getType()) || gathered_within_words(load);
}

/// Of lanes with a mask, or of all without one.
Value* Emitter::gather(LoadInst& load, Value* active) {
  Type* one = gathered_as(load.getType());
  if (!one) return gather_words(load, active);
  Value* lanes =
      annotate(builder_.CreateMaskedGather(flat(one), vector(load.getPointerOperand()),
                                           load.getAlign(), active ? mask_of(active) : nullptr),
               load);
  if (active) lanes = builder_.CreateFreeze(lanes);
  return one == load.getType() ? lanes : builder_.CreateBitCast(lanes, flat(load.getType()));
}

Value* Emitter::gather_words(LoadInst& load, Value* active) {
  constexpr uint64_t kWord = 4;
  Value* addresses =
      builder_.CreatePtrToInt(vector(load.getPointerOperand()), flat(builder_.getInt64Ty()));
  Value* words = builder_.CreateIntToPtr(
      builder_.CreateAnd(addresses, ConstantInt::get(addresses->getType(), ~(kWord - 1))),
      flat(builder_.getPtrTy()));
  Value* lanes =
      annotate(builder_.CreateMaskedGather(flat(builder_.getInt32Ty()), words, Align(kWord),
                                           active ? mask_of(active) : nullptr),
               load);
  if (active) lanes = builder_.CreateFreeze(lanes);
  Value* byte = builder_.CreateAnd(builder_.CreateTrunc(addresses, lanes->getType()), kWord - 1);
  lanes = builder_.CreateTrunc(builder_.CreateLShr(lanes, builder_.CreateShl(byte, 3)),
                               flat(gathered_within_words(load)));
  return builder_.CreateBitCast(lanes, flat(load.getType()));
}

void Emitter::scatter(StoreInst& store, Value* active) {
  const Value* value = store.getValueOperand();
  Type* one = gathered_as(value->getType());
  Value* lanes = vector(value);
  if (one != value->getType()) lanes = builder_.CreateBitCast(lanes, flat(one));
  annotate(builder_.CreateMaskedScatter(lanes, vector(store.getPointerOperand()), store.getAlign(),
                                        active ? mask_of(active) : nullptr),
           store);
}

Value* Emitter::load_anywhere(LoadInst& load) {
  if (const auto table = abilities_.shuffled_bytes ? byte_table_of(load) : std::nullopt) {
    Type* bytes = flat(builder_.getInt8Ty());
    return look_up_bytes(builder_.CreateTrunc(vector(table->index), bytes), table->bytes);
  }
  if (!code_->active) return load_gathered(load);
  if (gathers(load) && abilities_.wide) return gather(load, code_->active);
  return if_all_active([&] { return load_gathered(load); },
                       [&] {
                         return gathers(load) && abilities_.masked_gathers
                                    ? gather(load, code_->active)
                                    : serially(load, "load from scattered addresses");
                       });
}

Value* Emitter::load_lanes(LoadInst& load, const Pattern& pattern) {
  const auto size = int64_t(layout_.getTypeStoreSize(load.getType()));
  const auto strips = code_->active ? masked_strips_of(load, pattern) : std::nullopt;
  // The elements of short vectors would each need their lane's bit.
  if (code_->active && abilities_.masks(layout_, load.getType()) &&
      pattern.offsets.has_stride(size) && (elements_of(load.getType()) == 1 || !strips)) {
    Value* first = byte_address(pattern.base, pattern.offsets.offset(0));
    Type* wide = flat(load.getType());
    Value* lanes =
        annotate(builder_.CreateMaskedLoad(wide, first, commonAlignment(load.getAlign(), size),
                                           mask_of(code_->active, elements_of(load.getType())),
                                           Constant::getNullValue(wide)),
                 load);
    // NOTE: InstCombine (22.1) merges a masked load into a later select with the same mask, at the
    // select, past stores in between. The freeze keeps the two apart and costs nothing.
    return builder_.CreateFreeze(lanes);
  }
  // No test for all lanes: what is too large for a copy for them would have a thousand, and LLVM
  // takes seconds to find that they are of one condition.
  if (strips) return load_strips(load, pattern, *strips, code_->active);
  return if_all_active([&] { return load_pattern(load, pattern); },
                       [&] {
                         return gathers(load) && abilities_.masked_gathers
                                    ? gather(load, code_->active)
                                    : serially(load, "load without a form under a mask");
                       });
}

/// All lanes, offsets known at compile time.
Value* Emitter::load_pattern(LoadInst& load, const Pattern& pattern) {
  Type* type = load.getType();
  const Shape& form = pattern.offsets;
  Value* address = pattern.base;
  const auto size = int64_t(layout_.getTypeStoreSize(type));
  const unsigned elements = elements_of(type);
  const auto load_at = [&](Type* wide, int64_t offset) {
    return annotate(builder_.CreateAlignedLoad(wide, byte_address(address, offset),
                                               commonAlignment(load.getAlign(), size)),
                    load);
  };
  const unsigned adjacent = form.group_size(size);
  const auto in_groups = [&] {
    Registers parts;
    for (unsigned lane = 0; lane < kLanes; lane += adjacent)
      parts.push_back(load_at(times(type, adjacent), form.offset(lane)));
    return concatenate(std::move(parts));
  };
  if (adjacent == kLanes || (adjacent > 1 && adjacent * size * 2 >= abilities_.register_bytes))
    return in_groups();
  // Every group of lanes reads the same. A group below a register is cheaper to permute.
  constexpr int64_t kMinSplatBytes = 16;
  if (const unsigned count = form.group_size(0);
      count > 2 && count * size >= kMinSplatBytes && elements == 1) {
    Registers parts;
    for (unsigned lane = 0; lane < kLanes; lane += count)
      parts.push_back(builder_.CreateVectorSplat(count, load_at(type, form.offset(lane))));
    return concatenate(std::move(parts));
  }
  constexpr int64_t kMinStripElement = 4;
  if (size / elements >= kMinStripElement)
    if (const auto strips = strips_of(load, pattern))
      return load_strips(load, pattern, *strips, nullptr);
  const std::vector<Window> windows = this->windows(form, type);
  constexpr int64_t kMinGroupBytes = 8;
  if (adjacent > 1 && adjacent * size >= kMinGroupBytes &&
      (windows.empty() || kLanes / adjacent <= windows.size()))
    return in_groups();
  if (!windows.empty()) return load_windows(load, pattern, windows);
  return load_gathered(load);
}

/// All lanes, any addresses.
Value* Emitter::load_gathered(LoadInst& load) {
  Type* type = load.getType();
  const Value* pointer = load.getPointerOperand();
  if (abilities_.wide && gathers(load)) return gather(load, nullptr);
  scalarised(load, "load from scattered addresses");
  if (type->isVectorTy()) {
    AllocaInst* memory = stack(in_memory(flat(type)), "gathered");
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      Value* value = annotate(
          builder_.CreateAlignedLoad(type, lane_pointer(pointer, lane), load.getAlign()), load);
      respill(memory, value, builder_.getInt64(lane));
    }
    return unspill(memory, type);
  }
  Value* result = PoisonValue::get(flat(type));
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    Value* value = annotate(
        builder_.CreateAlignedLoad(type, lane_pointer(pointer, lane), load.getAlign()), load);
    result = builder_.CreateInsertElement(result, value, lane);
  }
  return result;
}

void Emitter::emit_store(StoreInst& store) {
  const Value* pointer = store.getPointerOperand();
  const Shape form = shape(pointer);
  if (form.is_unknown()) return;
  if (form.is_uniform()) return store_at_one_address(store);
  if (store.isAtomic() || store.isVolatile()) {
    serially(store, store.isAtomic() ? "atomic store" : "volatile store");
    return;
  }
  if (form.is_affine()) return store_lanes(store, {form, base(pointer)});
  if (const auto pattern = useful_pattern(pointer, store.getValueOperand()->getType())) {
    choose(
        pattern->holds, [&] { return store_lanes(store, *pattern), nullptr; },
        [&] { return store_anywhere(store), nullptr; });
    return;
  }
  store_anywhere(store);
}

void Emitter::store_anywhere(StoreInst& store) {
  if (code_->active && abilities_.wide && gathered_as(store.getValueOperand()->getType()))
    return scatter(store, code_->active);
  if_all_active([&] { return store_scattered(store), nullptr; },
                [&] { return serially(store, "store to scattered addresses"), nullptr; });
}

void Emitter::store_lanes(StoreInst& store, const Pattern& pattern) {
  Type* type = store.getValueOperand()->getType();
  const auto size = int64_t(layout_.getTypeStoreSize(type));
  if (code_->active && abilities_.masks(layout_, type) && pattern.offsets.has_stride(size)) {
    Value* first = byte_address(pattern.base, pattern.offsets.offset(0));
    annotate(builder_.CreateMaskedStore(vector(store.getValueOperand()), first,
                                        commonAlignment(store.getAlign(), size),
                                        mask_of(code_->active, elements_of(type))),
             store);
    return;
  }
  if_all_active([&] { return store_pattern(store, pattern), nullptr; },
                [&] { return serially(store, "store without a form under a mask"), nullptr; });
}

/// Lanes that write to one address do so in lane order: the last active one prevails.
void Emitter::store_at_one_address(StoreInst& store) {
  const Value* value = store.getValueOperand();
  Value* last;
  if (shape(value).is_uniform() || shape(value).is_unknown()) {
    last = base(value);
  } else if (!code_->active) {
    last = lane(value, kLanes - 1);
  } else {
    Value* zeros = builder_.CreateIntrinsic(Intrinsic::ctlz, {builder_.getInt32Ty()},
                                            {code_->active, builder_.getTrue()});
    Value* index = builder_.CreateZExt(builder_.CreateSub(builder_.getInt32(kLanes - 1), zeros),
                                       builder_.getInt64Ty());
    last = reload(spill(vector(value)), value->getType(), index);
  }
  clone_with(store, {last, base(store.getPointerOperand())});
}

void Emitter::store_pattern(StoreInst& store, const Pattern& pattern) {
  const Value* value = store.getValueOperand();
  const Shape& form = pattern.offsets;
  const auto size = int64_t(layout_.getTypeStoreSize(value->getType()));
  const unsigned count = form.group_size(size);
  constexpr int64_t kMinGroupBytes = 8;
  const std::vector<Window> windows = this->windows(form, value->getType());
  if (windows.size() < kLanes / count && !windows.empty() && store_windows(store, pattern, windows))
    return;
  if (count == 1 || (count < kLanes && count * size < kMinGroupBytes))
    return store_scattered(store);
  Value* address = pattern.base;
  const unsigned width = count * elements_of(value->getType());
  for (unsigned lane = 0; lane < kLanes; lane += count) {
    SmallVector<int> part;
    for (unsigned i = 0; i < width; ++i) part.push_back(int(lane / count * width + i));
    Value* lanes = vector(value);
    if (count < kLanes) lanes = builder_.CreateShuffleVector(lanes, part);
    annotate(builder_.CreateAlignedStore(lanes, byte_address(address, form.offset(lane)),
                                         commonAlignment(store.getAlign(), size)),
             store);
  }
}

void Emitter::store_scattered(StoreInst& store) {
  const Value *value = store.getValueOperand(), *pointer = store.getPointerOperand();
  if (abilities_.wide && shape(pointer).is_varying() && gathered_as(value->getType()))
    return scatter(store, nullptr);
  scalarised(store, "store to scattered addresses");
  for (unsigned i = 0; i < kLanes; ++i)
    annotate(
        builder_.CreateAlignedStore(lane(value, i), lane_pointer(pointer, i), store.getAlign()),
        store);
}

}  // namespace anvil::compiler::simd
