#include "value.hpp"

#include <llvm/IR/Operator.h>
#include <llvm/Support/raw_ostream.h>

#include <cstring>

namespace anvil::oracle {
namespace {

using llvm::ArrayType;
using llvm::FixedVectorType;
using llvm::StructType;
using llvm::Type;

std::string print(const llvm::Value& value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

/// Calls visit(scalar type, byte offset) for each scalar of an array, structure or scalar in order;
/// vectors are visited whole.
template <typename Visit>
void for_each_part(Type* type, uint64_t offset, const llvm::DataLayout& layout,
                   const Visit& visit) {
  if (auto* array = llvm::dyn_cast<ArrayType>(type)) {
    const uint64_t stride = layout.getTypeAllocSize(array->getElementType());
    for (uint64_t i = 0; i < array->getNumElements(); ++i)
      for_each_part(array->getElementType(), offset + i * stride, layout, visit);
  } else if (auto* record = llvm::dyn_cast<StructType>(type)) {
    for (unsigned i = 0; i < record->getNumElements(); ++i)
      for_each_part(record->getElementType(i),
                    offset + layout.getStructLayout(record)->getElementOffset(i), layout, visit);
  } else {
    visit(type, offset);
  }
}

uint64_t read_word(const std::byte* from, uint64_t bytes) {
  if (bytes > 8) throw Fault("a scalar of " + std::to_string(bytes) + " bytes");
  uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

/// Elements of vectors lie bit by bit without gaps: only those of whole bytes are known here.
uint64_t element_bytes(FixedVectorType* type, const llvm::DataLayout& layout) {
  const unsigned width = width_of(type, layout);
  if (width % 8 != 0)
    throw Fault("a vector in memory of " + std::to_string(width) + "-bit elements");
  return width / 8;
}

}  // namespace

unsigned scalars_in(Type* type) {
  if (auto* vector = llvm::dyn_cast<FixedVectorType>(type)) return vector->getNumElements();
  if (auto* array = llvm::dyn_cast<ArrayType>(type))
    return static_cast<unsigned>(array->getNumElements()) * scalars_in(array->getElementType());
  if (auto* record = llvm::dyn_cast<StructType>(type)) {
    unsigned total = 0;
    for (Type* element : record->elements()) total += scalars_in(element);
    return total;
  }
  return 1;
}

std::pair<unsigned, Type*> member(Type* aggregate, llvm::ArrayRef<unsigned> path) {
  unsigned first = 0;
  for (const unsigned index : path) {
    if (auto* array = llvm::dyn_cast<ArrayType>(aggregate)) {
      first += index * scalars_in(array->getElementType());
      aggregate = array->getElementType();
    } else {
      auto* record = llvm::cast<StructType>(aggregate);
      for (unsigned i = 0; i < index; ++i) first += scalars_in(record->getElementType(i));
      aggregate = record->getElementType(index);
    }
  }
  return {first, aggregate};
}

unsigned width_of(Type* type, const llvm::DataLayout& layout) {
  Type* scalar = type->getScalarType();
  if (scalar->isPointerTy()) return layout.getPointerTypeSizeInBits(scalar);
  const auto width = static_cast<unsigned>(scalar->getPrimitiveSizeInBits());
  if (width == 0 || width > 64) throw Fault("a scalar of " + std::to_string(width) + " bits");
  return width;
}

uint64_t low_bits(uint64_t word, unsigned width) {
  return width >= 64 ? word : word & ((uint64_t{1} << width) - 1);
}

int64_t sign_extend(uint64_t word, unsigned width) {
  return static_cast<int64_t>(word << (64 - width)) >> (64 - width);
}

Value load(const Memory& memory, uint64_t address, Type* type, const llvm::DataLayout& layout) {
  const std::byte* from = memory.at(address, layout.getTypeStoreSize(type), "load");
  Value value;
  for_each_part(type, 0, layout, [&](Type* part, uint64_t offset) {
    if (auto* vector = llvm::dyn_cast<FixedVectorType>(part)) {
      const uint64_t bytes = element_bytes(vector, layout);
      for (unsigned i = 0; i < vector->getNumElements(); ++i)
        value.push_back(read_word(from + offset + i * bytes, bytes));
    } else {
      value.push_back(low_bits(read_word(from + offset, layout.getTypeStoreSize(part)),
                               width_of(part, layout)));
    }
  });
  return value;
}

void store(const Memory& memory, uint64_t address, const Value& value, Type* type,
           const llvm::DataLayout& layout) {
  std::byte* to = memory.at(address, layout.getTypeStoreSize(type), "store");
  size_t next = 0;
  for_each_part(type, 0, layout, [&](Type* part, uint64_t offset) {
    if (auto* vector = llvm::dyn_cast<FixedVectorType>(part)) {
      const uint64_t bytes = element_bytes(vector, layout);
      for (unsigned i = 0; i < vector->getNumElements(); ++i)
        std::memcpy(to + offset + i * bytes, &value[next++], bytes);
    } else {
      std::memcpy(to + offset, &value[next++], layout.getTypeStoreSize(part));
    }
  });
}

Value evaluate(const llvm::Constant& constant, const llvm::DataLayout& layout,
               const Globals& globals) {
  Type* type = constant.getType();
  if (auto* number = llvm::dyn_cast<llvm::ConstantInt>(&constant);
      number && !type->isVectorTy() && number->getBitWidth() <= 64)
    return {number->getZExtValue()};
  if (auto* number = llvm::dyn_cast<llvm::ConstantFP>(&constant); number && !type->isVectorTy())
    return {number->getValueAPF().bitcastToAPInt().getZExtValue()};
  if (constant.isNullValue() || llvm::isa<llvm::UndefValue>(constant))  // poison is one of those
    return Value(scalars_in(type), 0);
  if (auto* global = llvm::dyn_cast<llvm::GlobalValue>(&constant))
    if (const auto found = globals.find(global); found != globals.end()) return {found->second};
  if (auto* address = llvm::dyn_cast<llvm::GEPOperator>(&constant)) {
    llvm::APInt offset(layout.getIndexTypeSizeInBits(type), 0);
    if (address->accumulateConstantOffset(layout, offset)) {
      Value base =
          evaluate(*llvm::cast<llvm::Constant>(address->getPointerOperand()), layout, globals);
      base[0] += static_cast<uint64_t>(offset.getSExtValue());
      return base;
    }
  }
  if (auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(&constant);
      expression && expression->isCast())
    return evaluate(*expression->getOperand(0), layout, globals);
  const unsigned count = llvm::isa<FixedVectorType>(type)
                             ? llvm::cast<FixedVectorType>(type)->getNumElements()
                         : type->isArrayTy()  ? static_cast<unsigned>(type->getArrayNumElements())
                         : type->isStructTy() ? type->getStructNumElements()
                                              : 0;
  Value value;
  for (unsigned i = 0; i < count; ++i) {
    const llvm::Constant* element = constant.getAggregateElement(i);
    if (!element) throw Fault("unknown constant " + print(constant));
    value.append(evaluate(*element, layout, globals));
  }
  if (count == 0) throw Fault("unknown constant " + print(constant));
  return value;
}

}  // namespace anvil::oracle
