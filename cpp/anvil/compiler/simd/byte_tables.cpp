#include "anvil/compiler/simd/byte_tables.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/Transforms/Utils/Local.h>

#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler::simd {
namespace {

using namespace llvm;
using namespace llvm::PatternMatch;

constexpr unsigned kTableBytes = 16, kWordBytes = 4;

/// The array as <16 x i8>, with zeros after its end; null for another.
Constant* table_of(const GlobalVariable& variable) {
  if (!variable.isConstant() || !variable.hasDefinitiveInitializer()) return nullptr;
  const auto* array = dyn_cast<ConstantDataArray>(variable.getInitializer());
  if (!array || !array->getElementType()->isIntegerTy(8) || array->getNumElements() > kTableBytes)
    return nullptr;
  SmallVector<uint8_t, kTableBytes> bytes(kTableBytes, 0);
  for (unsigned i = 0; i < array->getNumElements(); ++i)
    bytes[i] = uint8_t(array->getElementAsInteger(i));
  return ConstantDataVector::get(variable.getContext(), bytes);
}

/// (word >> shift) & mask.
struct Field {
  Value* word = nullptr;
  unsigned shift = 0;
  uint64_t mask = ~uint64_t{0};
};

/// An index as a field of a word of 32 bits; `word` is null where it is none.
Field field_of(Value* value) {
  Field field;
  const auto narrow = [&](unsigned bits) {
    if (bits < 64) field.mask &= (uint64_t{1} << bits) - 1;
  };
  for (;;) {
    Value* inner = nullptr;
    const APInt* number = nullptr;
    if (field.shift == 0) narrow(value->getType()->getScalarSizeInBits());
    if (match(value, m_ZExt(m_Value(inner))) || match(value, m_Trunc(m_Value(inner)))) {
      if (field.shift != 0) return {};
    } else if (match(value, m_And(m_Value(inner), m_APInt(number)))) {
      field.mask &= number->getZExtValue() >> field.shift;
    } else if (match(value, m_LShr(m_Value(inner), m_APInt(number))) && number->ult(64)) {
      narrow(value->getType()->getScalarSizeInBits() - unsigned(number->getZExtValue()));
      field.shift += unsigned(number->getZExtValue());
    } else if (auto* element = dyn_cast<ExtractElementInst>(value)) {
      const auto* at = dyn_cast<ConstantInt>(element->getIndexOperand());
      auto* cast = dyn_cast<BitCastInst>(element->getVectorOperand());
      if (!at || !cast || field.shift != 0 || !value->getType()->isIntegerTy(8)) return {};
      field.shift = unsigned(at->getZExtValue()) * 8;
      inner = cast->getOperand(0);
    } else {
      if (value->getType()->isIntegerTy(32)) field.word = value;
      return field;
    }
    value = inner;
  }
}

/// The elements of a vector that `last` completes, in order; empty where one is not at hand.
SmallVector<Value*, kWordBytes> elements_of(InsertElementInst& last) {
  SmallVector<Value*, kWordBytes> elements(kWordBytes, nullptr);
  for (Value* at = &last;;) {
    auto* insert = dyn_cast<InsertElementInst>(at);
    if (!insert) break;
    const auto* index = dyn_cast<ConstantInt>(insert->getOperand(2));
    if (!index || index->uge(kWordBytes)) return {};
    Value*& element = elements[index->getZExtValue()];
    if (!element) element = insert->getOperand(1);
    at = insert->getOperand(0);
  }
  return is_contained(elements, nullptr) ? SmallVector<Value*, kWordBytes>{} : elements;
}

FunctionCallee look_up_function(Module& module, Type* word, Type* table) {
  FunctionCallee callee = module.getOrInsertFunction((Twine(kPrimitivePrefix) + "look_up").str(),
                                                     FunctionType::get(word, {word, table}, false));
  auto& function = *cast<Function>(callee.getCallee());
  function.setDoesNotAccessMemory();
  function.setDoesNotThrow();
  function.setWillReturn();
  return callee;
}

/// The look-up in place of a vector of loads, or null.
Value* look_up(InsertElementInst& last) {
  Constant* table = nullptr;
  Field first;
  uint64_t mask = 0;
  unsigned i = 0;
  for (Value* element : elements_of(last)) {
    auto* load = dyn_cast<LoadInst>(element);
    const auto own = load ? byte_table_of(*load) : std::nullopt;
    if (!own || (table && own->bytes != table)) return nullptr;
    const Field field = field_of(own->index);
    if (!field.word || field.mask > 0xff) return nullptr;
    if (i == 0) first = field;
    if (field.word != first.word || field.shift != first.shift + 8 * i) return nullptr;
    table = own->bytes;
    mask |= field.mask << 8 * i++;
  }
  if (!table) return nullptr;
  IRBuilder<> builder(&last);
  Value* word = builder.CreateAnd(builder.CreateLShr(first.word, first.shift), mask);
  Value* found = builder.CreateCall(
      look_up_function(*last.getModule(), word->getType(), table->getType()), {word, table});
  return builder.CreateBitCast(found, last.getType());
}

}  // namespace

std::optional<ByteTable> byte_table_of(const LoadInst& load) {
  const auto* address = dyn_cast<GEPOperator>(load.getPointerOperand());
  if (!load.isSimple() || !load.getType()->isIntegerTy(8) || !address) return std::nullopt;
  const auto* variable = dyn_cast<GlobalVariable>(address->getPointerOperand());
  const DataLayout& layout = load.getDataLayout();
  SmallMapVector<Value*, APInt, 4> steps;
  const unsigned bits = layout.getIndexTypeSizeInBits(address->getType());
  APInt start(bits, 0);
  if (!variable || !address->collectOffset(layout, bits, steps, start) || !start.isZero() ||
      steps.size() != 1 || !steps.front().second.isOne())
    return std::nullopt;
  Constant* bytes = table_of(*variable);
  if (!bytes) return std::nullopt;
  return ByteTable{bytes, steps.front().first};
}

void look_up_words(Function& function) {
  const auto* word = FixedVectorType::get(Type::getInt8Ty(function.getContext()), kWordBytes);
  SmallVector<WeakVH, 16> vectors;  // one may go with another
  for (Instruction& instruction : instructions(function))
    if (isa<InsertElementInst>(instruction) && instruction.getType() == word)
      vectors.push_back(&instruction);
  for (const WeakVH& each : vectors) {
    auto* last = dyn_cast_or_null<InsertElementInst>(static_cast<Value*>(each));
    Value* found = last ? look_up(*last) : nullptr;
    if (!found) continue;
    last->replaceAllUsesWith(found);
    RecursivelyDeleteTriviallyDeadInstructions(last);
  }
}

}  // namespace anvil::compiler::simd
