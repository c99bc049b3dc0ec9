#include "anvil/compiler/simd/prepare.hpp"

#include <llvm/Analysis/CycleAnalysis.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Scalar/DCE.h>
#include <llvm/Transforms/Scalar/Reg2Mem.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/FixIrreducible.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/LowerMemIntrinsics.h>
#include <llvm/Transforms/Utils/LowerSwitch.h>
#include <llvm/Transforms/Utils/UnifyFunctionExitNodes.h>

#include "anvil/compiler/ir/passes.hpp"
#include "anvil/compiler/simd/small_floats.hpp"

namespace anvil::compiler::simd {
namespace {

using namespace llvm;

/// Copies of up to this many pieces are unrolled; longer ones become loops.
constexpr uint64_t kMaxCopyPieces = 32;

/// The widest piece that both alignments and the length allow.
uint64_t piece_size(Align alignment, uint64_t length) {
  uint64_t size = std::min<uint64_t>(alignment.value(), 8);
  while (length % size) size /= 2;
  return size;
}

/// That of what fills memory: a lane's own in the elements in which it is read, so that the lanes'
/// may lie side by side (private_memory.hpp).
uint64_t piece_size(const MemSetInst& set, uint64_t length) {
  const uint64_t size = piece_size(set.getDestAlign().valueOrOne(), length);
  const auto* object = dyn_cast<AllocaInst>(getUnderlyingObject(set.getDest()));
  if (!object) return size;
  Type* element = object->getAllocatedType();
  while (element->isAggregateType() && element->getNumContainedTypes() != 0)
    element = element->getContainedType(0);
  const DataLayout& layout = object->getModule()->getDataLayout();
  return std::min(size, std::max<uint64_t>(1, layout.getTypeAllocSize(element).getFixedValue()));
}

Value* filled(IRBuilder<>& builder, const MemSetInst& set, uint64_t size) {
  Type* type = builder.getIntNTy(unsigned(size * 8));
  return builder.CreateMul(
      builder.CreateZExt(set.getValue(), type),
      ConstantInt::get(type, APInt::getSplat(unsigned(size * 8), APInt(8, 1))));
}

void expand_as_loop(MemSetInst& set) {
  const auto* length = dyn_cast<ConstantInt>(set.getLength());
  if (!length) return expandMemSetAsLoop(&set);
  const uint64_t size = piece_size(set, length->getZExtValue());
  IRBuilder<> builder(&set);
  Value* fill = filled(builder, set, size);
  Value* pieces = builder.getInt64(length->getZExtValue() / size);
  const auto [body, index] = SplitBlockAndInsertSimpleForLoop(pieces, set.getIterator());
  builder.SetInsertPoint(body);
  Value* place = builder.CreateGEP(fill->getType(), set.getDest(), index);
  builder.CreateAlignedStore(fill, place, Align(size));
}

bool expand_short(MemIntrinsic& intrinsic) {
  const auto* length = dyn_cast<ConstantInt>(intrinsic.getLength());
  if (!length) return false;
  const uint64_t bytes = length->getZExtValue();
  Align alignment = intrinsic.getDestAlign().valueOrOne();
  auto* transfer = dyn_cast<MemTransferInst>(&intrinsic);
  if (transfer) alignment = std::min(alignment, transfer->getSourceAlign().valueOrOne());
  const auto* set = dyn_cast<MemSetInst>(&intrinsic);
  const uint64_t size = !bytes ? 1 : set ? piece_size(*set, bytes) : piece_size(alignment, bytes);
  if (bytes / size > kMaxCopyPieces) return false;

  IRBuilder<> builder(&intrinsic);
  Type* type = builder.getIntNTy(unsigned(size * 8));
  const auto piece = [&](Value* base, uint64_t offset) {
    return builder.CreatePtrAdd(base, builder.getInt64(offset));
  };
  // All loads before the first store: the two may overlap.
  SmallVector<Value*, 32> values;
  Value* fill = nullptr;
  if (set) fill = filled(builder, *set, size);
  for (uint64_t offset = 0; offset < bytes; offset += size)
    values.push_back(
        fill ? fill
             : builder.CreateAlignedLoad(type, piece(transfer->getSource(), offset), Align(size)));
  for (uint64_t i = 0; i < values.size(); ++i)
    builder.CreateAlignedStore(values[i], piece(intrinsic.getDest(), i * size), Align(size));
  return true;
}

void expand_memory_intrinsics(Function& function) {
  SmallVector<MemIntrinsic*, 8> found;
  for (Instruction& instruction : instructions(function))
    if (auto* intrinsic = dyn_cast<MemIntrinsic>(&instruction)) found.push_back(intrinsic);
  const TargetTransformInfo costs(function.getParent()->getDataLayout());
  for (MemIntrinsic* intrinsic : found) {
    if (expand_short(*intrinsic)) {
    } else if (auto* copy = dyn_cast<MemCpyInst>(intrinsic)) {
      expandMemCpyAsLoop(copy, costs);
    } else if (auto* move = dyn_cast<MemMoveInst>(intrinsic)) {
      if (!expandMemMoveAsLoop(move, costs)) continue;
    } else {
      expand_as_loop(*cast<MemSetInst>(intrinsic));
    }
    intrinsic->eraseFromParent();
  }
}

/// Calls `visit(type, address, alignment, index)` for each member of a structure or array.
template <typename Visit>
void for_each_member(IRBuilder<>& builder, Type* type, Value* address, Align alignment,
                     const Visit& visit) {
  const DataLayout& layout = builder.GetInsertBlock()->getDataLayout();
  const auto* record = dyn_cast<StructType>(type);
  const unsigned count =
      record ? record->getNumElements() : unsigned(cast<ArrayType>(type)->getNumElements());
  for (unsigned i = 0; i < count; ++i) {
    Type* member = record ? record->getElementType(i) : type->getArrayElementType();
    const uint64_t offset =
        record ? layout.getStructLayout(cast<StructType>(type))->getElementOffset(i).getFixedValue()
               : i * layout.getTypeAllocSize(member).getFixedValue();
    visit(member, builder.CreatePtrAdd(address, builder.getInt64(offset)),
          commonAlignment(alignment, offset), i);
  }
}

Value* load_members(IRBuilder<>& builder, Type* type, Value* address, Align alignment) {
  if (!type->isAggregateType()) return builder.CreateAlignedLoad(type, address, alignment);
  Value* whole = PoisonValue::get(type);
  for_each_member(
      builder, type, address, alignment, [&](Type* member, Value* at, Align by, unsigned i) {
        whole = builder.CreateInsertValue(whole, load_members(builder, member, at, by), i);
      });
  return whole;
}

void store_members(IRBuilder<>& builder, Value* value, Value* address, Align alignment) {
  if (!value->getType()->isAggregateType()) {
    builder.CreateAlignedStore(value, address, alignment);
    return;
  }
  for_each_member(builder, value->getType(), address, alignment,
                  [&](Type*, Value* at, Align by, unsigned i) {
                    store_members(builder, builder.CreateExtractValue(value, i), at, by);
                  });
}

/// Structures and arrays are moved member by member.
void expand_aggregates(Function& function) {
  SmallVector<Instruction*, 8> found;
  for (Instruction& instruction : instructions(function))
    if (isa<LoadInst, StoreInst>(instruction) && getLoadStoreType(&instruction)->isAggregateType())
      found.push_back(&instruction);
  for (Instruction* instruction : found) {
    IRBuilder<> builder(instruction);
    Value* address = getLoadStorePointerOperand(instruction);
    const Align alignment = getLoadStoreAlignment(instruction);
    if (auto* store = dyn_cast<StoreInst>(instruction))
      store_members(builder, store->getValueOperand(), address, alignment);
    else
      instruction->replaceAllUsesWith(
          load_members(builder, instruction->getType(), address, alignment));
    instruction->eraseFromParent();
  }
}

/// v[i] with a run-time i, as a chain of selects.
void expand_dynamic_elements(Function& function) {
  SmallVector<Instruction*, 8> found;
  for (Instruction& instruction : instructions(function)) {
    if (auto* extract = dyn_cast<ExtractElementInst>(&instruction);
        extract && !isa<ConstantInt>(extract->getIndexOperand()))
      found.push_back(extract);
    if (auto* insert = dyn_cast<InsertElementInst>(&instruction);
        insert && !isa<ConstantInt>(insert->getOperand(2)))
      found.push_back(insert);
  }
  for (Instruction* instruction : found) {
    IRBuilder<> builder(instruction);
    const bool extracts = isa<ExtractElementInst>(instruction);
    Value* vector = instruction->getOperand(0);
    Value* index = instruction->getOperand(extracts ? 1 : 2);
    const unsigned count = cast<FixedVectorType>(vector->getType())->getNumElements();
    Value* result = extracts ? builder.CreateExtractElement(vector, uint64_t{0}) : vector;
    for (unsigned i = extracts ? 1 : 0; i < count; ++i) {
      Value* here = builder.CreateICmpEQ(index, ConstantInt::get(index->getType(), i));
      Value* element = builder.CreateExtractElement(vector, i);
      if (extracts)
        result = builder.CreateSelect(here, element, result);
      else
        result = builder.CreateInsertElement(
            result, builder.CreateSelect(here, instruction->getOperand(1), element), i);
    }
    instruction->replaceAllUsesWith(result);
    instruction->eraseFromParent();
  }
}

/// Metal leaves x / 0 and INT_MIN / -1 undefined; a GPU never traps on them, nor may this.
void make_division_safe(Function& function) {
  SmallVector<BinaryOperator*, 8> found;
  for (Instruction& instruction : instructions(function))
    if (auto* division = dyn_cast<BinaryOperator>(&instruction);
        division && division->isIntDivRem() && !isa<Constant>(division->getOperand(1)))
      found.push_back(division);
  for (BinaryOperator* division : found) {
    IRBuilder<> builder(division);
    Type* type = division->getType();
    Value* divisor = builder.CreateFreeze(division->getOperand(1));
    Value* unsafe = builder.CreateICmpEQ(divisor, Constant::getNullValue(type));
    if (division->getOpcode() == Instruction::SDiv || division->getOpcode() == Instruction::SRem) {
      const APInt lowest = APInt::getSignedMinValue(type->getScalarSizeInBits());
      Value* dividend = builder.CreateFreeze(division->getOperand(0));
      division->setOperand(0, dividend);
      unsafe = builder.CreateOr(
          unsafe,
          builder.CreateAnd(builder.CreateICmpEQ(dividend, ConstantInt::get(type, lowest)),
                            builder.CreateICmpEQ(divisor, Constant::getAllOnesValue(type))));
    }
    division->setOperand(1, builder.CreateSelect(unsafe, ConstantInt::get(type, 1), divisor));
  }
}

/// `br c, x, x` would count as divergent.
void merge_equal_targets(Function& function) {
  for (BasicBlock& block : function) {
    auto* branch = dyn_cast<BranchInst>(block.getTerminator());
    if (!branch || !branch->isConditional() || branch->getSuccessor(0) != branch->getSuccessor(1))
      continue;
    BasicBlock* target = branch->getSuccessor(0);
    target->removePredecessor(&block, /*KeepOneInputPHIs=*/true);
    BranchInst::Create(target, branch->getIterator())->setDebugLoc(branch->getDebugLoc());
    branch->eraseFromParent();
  }
}

bool has_irreducible_cycle(Function& function) {
  CycleInfo cycles;
  cycles.compute(function);
  SmallVector<const Cycle*, 8> work(cycles.toplevel_begin(), cycles.toplevel_end());
  while (!work.empty()) {
    const Cycle* cycle = work.pop_back_val();
    if (!cycle->isReducible()) return true;
    work.append(cycle->child_begin(), cycle->child_end());
  }
  return false;
}

/// LLVM's pass reroutes edges without a look at dominance, so values go through memory meanwhile.
void make_reducible(Function& function) {
  FunctionPassManager passes;
  passes.addPass(RegToMemPass());
  passes.addPass(FixIrreduciblePass());
  passes.addPass(SROAPass(SROAOptions::ModifyCFG));
  run_passes(function, std::move(passes));
}

}  // namespace

void prepare(Function& function) {
  expand_memory_intrinsics(function);
  expand_aggregates(function);
  expand_dynamic_elements(function);
  FunctionPassManager plain;
  plain.addPass(SROAPass(SROAOptions::ModifyCFG));
  plain.addPass(LowerSwitchPass());
  plain.addPass(UnifyFunctionExitNodesPass());
  plain.addPass(DCEPass());
  run_passes(function, std::move(plain));
  if (has_irreducible_cycle(function)) make_reducible(function);
  expand_small_floats(function);
  make_division_safe(function);
  merge_equal_targets(function);
  FunctionPassManager loops;
  loops.addPass(LoopSimplifyPass());
  loops.addPass(LCSSAPass());
  run_passes(function, std::move(loops));
}

}  // namespace anvil::compiler::simd
