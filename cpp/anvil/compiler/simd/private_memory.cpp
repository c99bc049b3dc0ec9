#include "anvil/compiler/simd/private_memory.hpp"

#include <llvm/ADT/MapVector.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>
#include <llvm/Support/KnownBits.h>

#include <algorithm>

#include "anvil/compiler/simd/primitives.hpp"

namespace anvil::compiler::simd {
namespace {

using namespace llvm;

/// All pointers derived from one object and the size of the accesses through them.
struct ObjectUses {
  SmallVector<const Value*, 8> pointers;
  SmallVector<const GEPOperator*, 8> steps;
  uint64_t access_size = 0;
};

bool note_access(ObjectUses& uses, uint64_t size) {
  if (uses.access_size && uses.access_size != size) return false;
  uses.access_size = size;
  return true;
}

/// Whether the call's result is the matrix that the pointer points to, of which the lanes have
/// elements.
bool is_matrix(const CallBase& call, const Value* pointer) {
  const auto primitive = primitive_of(call);
  if (!primitive || !primitive->lane_bytes || call.getArgOperand(0) != pointer) return false;
  return count(call.operand_values(), pointer) == 1;
}

/// False if a pointer goes anywhere but into loads, stores and address arithmetic.
bool collect_uses(const Value* pointer, const DataLayout& layout, ObjectUses& uses) {
  uses.pointers.push_back(pointer);
  for (const User* user : pointer->users()) {
    if (const auto* load = dyn_cast<LoadInst>(user)) {
      if (!note_access(uses, layout.getTypeAllocSize(load->getType()))) return false;
    } else if (const auto* store = dyn_cast<StoreInst>(user)) {
      if (store->getValueOperand() == pointer ||
          !note_access(uses, layout.getTypeAllocSize(store->getValueOperand()->getType())))
        return false;
    } else if (const auto* step = dyn_cast<GEPOperator>(user)) {
      uses.steps.push_back(step);
      if (!collect_uses(step, layout, uses)) return false;
    } else if (const auto* call = dyn_cast<CallBase>(user); call && is_matrix(*call, pointer)) {
      if (!note_access(uses, primitive_of(*call)->lane_bytes)) return false;
    } else if (const auto* instruction = dyn_cast<Instruction>(user);
               !instruction || !is_ignorable(*instruction)) {
      return false;
    }
  }
  return true;
}

bool steps_by_elements(const GEPOperator& step, const DataLayout& layout, uint64_t size) {
  SmallMapVector<Value*, APInt, 4> variable;
  APInt constant(64, 0);
  if (!step.collectOffset(layout, 64, variable, constant)) return false;
  const auto whole = [&](const APInt& bytes) { return bytes.getSExtValue() % int64_t(size) == 0; };
  const auto by_whole = [&](const auto& term) {
    // A loop may count in bytes, by what is many elements.
    const unsigned zeros = computeKnownBits(term.first, layout).countMinTrailingZeros();
    return whole(term.second.shl(std::min(zeros, 16u)));
  };
  return whole(constant) && all_of(variable, by_whole);
}

}  // namespace

PrivateMemory::PrivateMemory(Function& function) {
  const DataLayout& layout = function.getParent()->getDataLayout();
  for (Instruction& instruction : instructions(function)) {
    auto* object = dyn_cast<AllocaInst>(&instruction);
    if (!object) continue;
    ObjectUses uses;
    if (!collect_uses(object, layout, uses) || !uses.access_size) continue;
    const auto by_elements = [&](const GEPOperator* step) {
      return steps_by_elements(*step, layout, uses.access_size);
    };
    if (!all_of(uses.steps, by_elements)) continue;
    for (const Value* pointer : uses.pointers) elements_[pointer] = uses.access_size;
  }
}

uint64_t PrivateMemory::lane_stride(const AllocaInst& object) const {
  if (const uint64_t element = interleaved_element(&object)) return element;
  const DataLayout& layout = object.getModule()->getDataLayout();
  const uint64_t size = object.getAllocationSize(layout)->getFixedValue();
  return alignTo(size, object.getAlign());
}

}  // namespace anvil::compiler::simd
