#include "anvil/compiler/simd/vector_sums.hpp"

#include <llvm/ADT/MapVector.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/Local.h>

#include "anvil/compiler/ir/free_sums.hpp"

namespace anvil::compiler::simd {
namespace {

using namespace llvm;

/// A vector's element, converted to a wider float or not.
struct Element {
  Value* vector = nullptr;  ///< null: it is none
  uint64_t index = 0;
};

Element element(Value* value) {
  if (auto* wider = dyn_cast<FPExtInst>(value)) value = wider->getOperand(0);
  auto* extract = dyn_cast<ExtractElementInst>(value);
  const auto* index = extract ? dyn_cast<ConstantInt>(extract->getIndexOperand()) : nullptr;
  if (!index) return {};
  return {extract->getVectorOperand(), index->getZExtValue()};
}

/// Two vectors that are multiplied element by element.
struct Dot {
  Value *left, *right;
};

/// Takes out of the products those that are the whole of two vectors' product, and returns the
/// vectors.
SmallVector<Dot, 4> take_dots(FreeSum& sum) {
  MapVector<std::pair<Value*, Value*>, SmallVector<unsigned, 8>> found;
  for (unsigned i = 0; i < sum.products.size(); ++i) {
    const Element left = element(sum.products[i].left), right = element(sum.products[i].right);
    if (left.vector && right.vector && left.index == right.index)
      found[std::minmax(left.vector, right.vector)].push_back(i);
  }
  SmallVector<Dot, 4> dots;
  SmallVector<bool, 16> taken(sum.products.size(), false);
  for (const auto& [vectors, places] : found) {
    const auto* first = cast<FixedVectorType>(vectors.first->getType());
    const auto* second = cast<FixedVectorType>(vectors.second->getType());
    const unsigned count = first->getNumElements();
    if (count != second->getNumElements() || !isPowerOf2_32(count) || count != places.size() ||
        count > 64)
      continue;
    uint64_t indices = 0;
    for (const unsigned place : places)
      indices |= uint64_t{1} << (element(sum.products[place].left).index & 63);
    if (unsigned(popcount(indices)) != count) continue;
    dots.push_back({vectors.first, vectors.second});
    for (const unsigned place : places) taken[place] = true;
  }
  SmallVector<FreeSum::Product, 16> left;
  for (unsigned i = 0; i < sum.products.size(); ++i)
    if (!taken[i]) left.push_back(sum.products[i]);
  sum.products = std::move(left);
  return dots;
}

/// By halves: neighbours first.
Value* sum_of_elements(IRBuilder<>& builder, Value* vector) {
  unsigned count = cast<FixedVectorType>(vector->getType())->getNumElements();
  for (; count > 2; count /= 2) {
    SmallVector<int> even, odd;
    for (unsigned i = 0; i < count; i += 2) {
      even.push_back(int(i));
      odd.push_back(int(i + 1));
    }
    vector = builder.CreateFAdd(builder.CreateShuffleVector(vector, even),
                                builder.CreateShuffleVector(vector, odd));
  }
  Value* result = builder.CreateExtractElement(vector, uint64_t{0});
  return count == 1 ? result
                    : builder.CreateFAdd(result, builder.CreateExtractElement(vector, uint64_t{1}));
}

void rewrite(Instruction& root) {
  FreeSum sum = terms_of(root);
  const SmallVector<Dot, 4> dots = take_dots(sum);
  if (dots.empty()) return;
  IRBuilder<> builder(&root);
  builder.setFastMathFlags(sum.flags);
  const auto multiply_add = [&](Value* a, Value* b, Value* c) -> Value* {
    return c ? builder.CreateIntrinsic(Intrinsic::fma, {a->getType()}, {a, b, c})
             : builder.CreateFMul(a, b);
  };
  MapVector<Type*, Value*> vectors;
  for (const Dot& dot : dots) {
    const auto widened = [&](Value* vector) {
      auto* type = cast<FixedVectorType>(vector->getType());
      return builder.CreateFPCast(vector,
                                  FixedVectorType::get(root.getType(), type->getNumElements()));
    };
    Value *left = widened(dot.left), *right = widened(dot.right);
    Value*& vector = vectors[left->getType()];
    vector = multiply_add(left, right, vector);
  }
  Value* result = nullptr;
  const auto add = [&](Value* term) { result = result ? builder.CreateFAdd(result, term) : term; };
  for (const auto& [type, vector] : vectors) add(sum_of_elements(builder, vector));
  for (const FreeSum::Product& product : sum.products)
    result = multiply_add(product.left, product.right, result);
  for (Value* term : sum.plain) add(term);
  root.replaceAllUsesWith(result);
  RecursivelyDeleteTriviallyDeadInstructions(&root);
}

}  // namespace

void sum_vectors_first(Function& function) {
  SmallVector<WeakVH, 16> roots;
  for (BasicBlock& block : function)
    for (Instruction& instruction : block)
      if (!instruction.getType()->isVectorTy() && is_whole_free_sum(instruction))
        roots.push_back(&instruction);
  for (const WeakVH& root : roots)
    if (auto* instruction = cast_or_null<Instruction>(static_cast<Value*>(root)))
      rewrite(*instruction);
}

}  // namespace anvil::compiler::simd
