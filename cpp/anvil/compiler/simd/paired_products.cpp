#include "anvil/compiler/simd/paired_products.hpp"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/IR/ValueHandle.h>
#include <llvm/Transforms/Utils/Local.h>

#include "anvil/compiler/source/symbols.hpp"

namespace anvil::compiler::simd {
namespace {

using namespace llvm;
using namespace llvm::PatternMatch;

constexpr int kEven[] = {0, 2}, kOdd[] = {1, 3};

/// A call, in place of `sum`, of the primitive of that name.
Value* call_of(Instruction& sum, const char* name, Value* a, Value* b) {
  auto* type = FunctionType::get(sum.getType(), {a->getType(), b->getType()}, false);
  FunctionCallee callee =
      sum.getModule()->getOrInsertFunction((Twine(kPrimitivePrefix) + name).str(), type);
  auto& function = *cast<Function>(callee.getCallee());
  function.setDoesNotAccessMemory();
  function.setDoesNotThrow();
  function.setWillReturn();
  return IRBuilder<>(&sum).CreateCall(callee, {a, b});
}

bool is_vector_of(const Value* value, unsigned count, unsigned bits) {
  const auto* type = dyn_cast<FixedVectorType>(value->getType());
  return type && type->getNumElements() == count && type->getElementType()->isIntegerTy(bits);
}

/// Of four bytes; what is known of them is known of the word that they are.
bool are_below_128(Value* bytes, const DataLayout& layout) {
  Value* word = nullptr;
  if (!match(bytes, m_BitCast(m_Value(word))) || !word->getType()->isIntegerTy(32)) return false;
  return MaskedValueIsZero(word, APInt::getSplat(32, APInt::getSignMask(8)), layout);
}

/// The call in place of a sum, or null.
Value* byte_products(Instruction& sum) {
  Value *products = nullptr, *bytes = nullptr, *others = nullptr;
  const auto first = m_Shuffle(m_Value(products), m_Value(), m_SpecificMask(kEven));
  const auto second = m_Shuffle(m_Deferred(products), m_Value(), m_SpecificMask(kOdd));
  if (!match(&sum, m_c_Add(first, second))) return nullptr;
  if (match(products, m_SExt(m_Value(others))) && is_vector_of(others, 4, 8))
    return call_of(sum, "byte_products", ConstantInt::get(others->getType(), 1), others);
  if (!match(products, m_c_Mul(m_ZExt(m_Value(bytes)), m_SExt(m_Value(others)))) ||
      !is_vector_of(bytes, 4, 8) || !is_vector_of(others, 4, 8) ||
      !are_below_128(bytes, sum.getDataLayout()))
    return nullptr;
  return call_of(sum, "byte_products", bytes, others);
}

Value* short_products(Instruction& sum) {
  Value *products = nullptr, *a = nullptr, *b = nullptr;
  if (match(&sum, m_c_Add(m_SExt(m_ExtractElt(m_Value(a), m_ZeroInt())),
                          m_SExt(m_ExtractElt(m_Deferred(a), m_One())))) &&
      is_vector_of(a, 2, 16))
    return call_of(sum, "short_products", a, ConstantInt::get(a->getType(), 1));
  if (!match(&sum, m_c_Add(m_ExtractElt(m_Value(products), m_ZeroInt()),
                           m_ExtractElt(m_Deferred(products), m_One()))) ||
      !match(products, m_Mul(m_SExtLike(m_Value(a)), m_SExtLike(m_Value(b)))) ||
      !is_vector_of(a, 2, 16) || !is_vector_of(b, 2, 16))
    return nullptr;
  return call_of(sum, "short_products", a, b);
}

}  // namespace

void pair_products(Function& function) {
  SmallVector<WeakVH, 16> sums;  // one may go with another
  for (Instruction& instruction : instructions(function))
    if (instruction.getOpcode() == Instruction::Add) sums.push_back(&instruction);
  for (const WeakVH& each : sums) {
    auto* sum = dyn_cast_or_null<Instruction>(static_cast<Value*>(each));
    if (!sum) continue;
    Value* call = sum->getType()->isIntegerTy(32) ? short_products(*sum)
                  : is_vector_of(sum, 2, 16)      ? byte_products(*sum)
                                                  : nullptr;
    if (!call) continue;
    sum->replaceAllUsesWith(call);
    RecursivelyDeleteTriviallyDeadInstructions(sum);
  }
}

}  // namespace anvil::compiler::simd
