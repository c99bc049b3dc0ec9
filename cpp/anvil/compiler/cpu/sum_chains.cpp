#include "anvil/compiler/cpu/sum_chains.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/Transforms/Utils/Local.h>

#include "anvil/compiler/ir/free_sums.hpp"

namespace anvil::compiler::cpu {
namespace {

using namespace llvm;

/// Products of a chain. Each chain more is an addition more.
constexpr size_t kLongest = 8;
/// Long sums of a block beside which there is always one to go on with; more chains would only
/// fill the registers.
constexpr size_t kEnough = 4;

/// By neighbours, so that the last is added last.
Value* add_up(IRBuilder<>& builder, SmallVectorImpl<Value*>& terms) {
  while (terms.size() > 1) {
    SmallVector<Value*, 8> sums;
    for (size_t i = 0; i + 1 < terms.size(); i += 2)
      sums.push_back(builder.CreateFAdd(terms[i], terms[i + 1]));
    if (terms.size() % 2) sums.push_back(terms.back());
    terms = std::move(sums);
  }
  return terms.front();
}

void break_up(Instruction& whole, FreeSum sum) {
  llvm::sort(sum.products, [](const FreeSum::Product& a, const FreeSum::Product& b) {
    return a.at->comesBefore(b.at);
  });
  sum.flags.setAllowReassoc(false);
  SmallVector<Value*, 8> terms((sum.products.size() + kLongest - 1) / kLongest, nullptr);
  const size_t chains = terms.size();
  for (size_t i = 0; i < sum.products.size(); ++i) {
    // Where it was: what it is of need not be kept for longer.
    const auto& [left, right, at] = sum.products[i];
    IRBuilder<> builder(at);
    builder.setFastMathFlags(sum.flags);
    Value*& chain = terms[i % chains];
    chain = chain ? builder.CreateIntrinsic(Intrinsic::fma, {left->getType()}, {left, right, chain})
                  : builder.CreateFMul(left, right);
  }
  for (const bool from_before : {false, true})
    for (Value* term : sum.plain)
      if (isa<PHINode>(term) == from_before) terms.push_back(term);
  IRBuilder<> builder(&whole);
  builder.setFastMathFlags(sum.flags);
  whole.replaceAllUsesWith(add_up(builder, terms));
  RecursivelyDeleteTriviallyDeadInstructions(&whole);
}

}  // namespace

void break_long_sums(Function& function) {
  for (BasicBlock& block : function) {
    SmallVector<WeakVH, 16> sums;
    for (Instruction& instruction : block)
      if (is_whole_free_sum(instruction) && terms_of(instruction).products.size() > kLongest)
        sums.push_back(&instruction);
    if (sums.size() >= kEnough) continue;
    for (const WeakVH& sum : sums)
      if (auto* whole = cast_or_null<Instruction>(static_cast<Value*>(sum)))
        break_up(*whole, terms_of(*whole));
  }
}

}  // namespace anvil::compiler::cpu
