#include "anvil/compiler/ir/vector_copies.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <vector>

namespace anvil::compiler {
namespace {

using namespace llvm;

// Part of a type: a vector, a scalar, or bytes whose meaning a union leaves open.
struct Leaf {
  Type* type;
  uint64_t offset;
};

// What is longer is copied as bytes: a loop over an array, not a structure's few members.
constexpr size_t kMostLeaves = 32;

class Leaves {
 public:
  Leaves(const DataLayout& layout, LLVMContext& context) : layout_(layout), context_(context) {}

  /// The leaves of `type`; none if no vector is among them, or too many others are.
  std::vector<Leaf> of(Type* type) {
    add(type, 0);
    if (!has_vector_ || leaves_.size() > kMostLeaves) leaves_.clear();
    return std::move(leaves_);
  }

 private:
  void add(Type* type, uint64_t offset) {
    if (leaves_.size() > kMostLeaves) return;
    auto* structure = dyn_cast<StructType>(type);
    auto* array = dyn_cast<ArrayType>(type);
    if (structure && structure->hasName() && structure->getName().starts_with("class.metal::vec")) {
      has_vector_ = true;
      leaves_.push_back({vector_of(structure), offset});
    } else if (structure && structure->hasName() && structure->getName().starts_with("union.")) {
      bytes(type, offset);
    } else if (structure) {
      for (unsigned i = 0; i < structure->getNumElements(); ++i)
        add(structure->getElementType(i),
            offset + layout_.getStructLayout(structure)->getElementOffset(i).getFixedValue());
    } else if (array && array->getElementType()->isIntegerTy(8)) {
      integers(offset, offset + array->getNumElements());
    } else if (array && array->getNumElements() > kMostLeaves) {
      bytes(type, offset);
    } else if (array) {
      for (uint64_t i = 0; i < array->getNumElements(); ++i)
        add(array->getElementType(),
            offset + i * layout_.getTypeAllocSize(array->getElementType()));
    } else {
      leaves_.push_back({type, offset});
    }
  }
  void bytes(Type* type, uint64_t offset) {
    leaves_.push_back(
        {ArrayType::get(Type::getInt8Ty(context_), layout_.getTypeAllocSize(type).getFixedValue()),
         offset});
  }
  // Bytes are padding more often than not: a few integers.
  void integers(uint64_t begin, uint64_t end) {
    while (begin < end) {
      uint64_t size = std::min<uint64_t>(begin == 0 ? 8 : begin & -begin, 8);
      while (begin + size > end) size /= 2;
      leaves_.push_back({Type::getIntNTy(context_, static_cast<unsigned>(size * 8)), begin});
      begin += size;
      if (leaves_.size() > kMostLeaves) return;
    }
  }
  // All of it, the fourth component of three included.
  Type* vector_of(StructType* type) const {
    Type* element = type;
    while (auto* inner = dyn_cast<StructType>(element)) element = inner->getElementType(0);
    const uint64_t count = layout_.getTypeAllocSize(type) / layout_.getTypeAllocSize(element);
    return FixedVectorType::get(element, static_cast<unsigned>(count));
  }

  const DataLayout& layout_;
  LLVMContext& context_;
  std::vector<Leaf> leaves_;
  bool has_vector_ = false;
};

// The type that an address was made for.
Type* type_at(Value* address) {
  if (auto* local = dyn_cast<AllocaInst>(address)) return local->getAllocatedType();
  if (auto* element = dyn_cast<GEPOperator>(address)) return element->getResultElementType();
  if (auto* variable = dyn_cast<GlobalVariable>(address)) return variable->getValueType();
  return nullptr;
}

// The type of `size` bytes there, or of its beginning.
Type* type_at(Value* address, uint64_t size, const DataLayout& layout) {
  Type* type = type_at(address);
  while (type && type->isSized() && layout.getTypeAllocSize(type) != size) {
    if (auto* structure = dyn_cast<StructType>(type); structure && structure->getNumElements() > 0)
      type = structure->getElementType(0);
    else if (auto* array = dyn_cast<ArrayType>(type))
      type = array->getElementType();
    else
      type = nullptr;
  }
  return type && type->isSized() ? type : nullptr;
}

std::vector<Leaf> leaves_of(const MemCpyInst& copy, uint64_t size, const DataLayout& layout) {
  for (Value* address : {copy.getDest(), copy.getSource()})
    if (Type* type = type_at(address, size, layout))
      if (auto leaves = Leaves(layout, copy.getContext()).of(type); !leaves.empty()) return leaves;
  // Through two pointers: nothing but a vector is aligned as its size.
  const Align alignment =
      std::min(copy.getDestAlign().valueOrOne(), copy.getSourceAlign().valueOrOne());
  if (alignment.value() == size && (size == 16 || size == 32))
    return {
        {FixedVectorType::get(Type::getInt32Ty(copy.getContext()), static_cast<unsigned>(size / 4)),
         0}};
  return {};
}

void expand(MemCpyInst& copy, const std::vector<Leaf>& leaves) {
  IRBuilder<> builder(&copy);
  const Align to = copy.getDestAlign().valueOrOne(), from = copy.getSourceAlign().valueOrOne();
  const auto at = [&](Value* base, uint64_t offset) {
    return offset == 0 ? base
                       : builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, offset);
  };
  for (const Leaf& leaf : leaves) {
    Value* const target = at(copy.getDest(), leaf.offset);
    Value* const source = at(copy.getSource(), leaf.offset);
    const Align target_alignment = commonAlignment(to, leaf.offset);
    const Align source_alignment = commonAlignment(from, leaf.offset);
    if (leaf.type->isArrayTy())
      builder.CreateMemCpy(target, target_alignment, source, source_alignment,
                           leaf.type->getArrayNumElements());
    else
      builder.CreateAlignedStore(builder.CreateAlignedLoad(leaf.type, source, source_alignment),
                                 target, target_alignment);
  }
  copy.eraseFromParent();
}

}  // namespace

void copy_vectors(Function& function) {
  const DataLayout& layout = function.getDataLayout();
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    auto* copy = dyn_cast<MemCpyInst>(&instruction);
    auto* length = copy ? dyn_cast<ConstantInt>(copy->getLength()) : nullptr;
    if (!length || copy->isVolatile()) continue;
    const auto leaves = leaves_of(*copy, length->getZExtValue(), layout);
    if (!leaves.empty()) expand(*copy, leaves);
  }
}

}  // namespace anvil::compiler
