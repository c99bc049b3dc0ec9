#include "anvil/compiler/air/private_arrays.hpp"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>

#include <optional>
#include <vector>

namespace anvil::compiler::air {
namespace {

/// The operand of `address` that says which element of `array` it is of, where that is no constant.
std::optional<unsigned> element_operand(const llvm::GetElementPtrInst& address,
                                        const llvm::ArrayType& array) {
  unsigned at = 1;
  if (address.getSourceElementType() == &array) {
    const auto* first = llvm::dyn_cast<llvm::ConstantInt>(address.getOperand(1));
    if (!first || !first->isZero() || address.getNumOperands() < 3) return {};
    at = 2;
  } else if (address.getSourceElementType() != array.getElementType()) {
    return {};
  }
  const llvm::Value* index = address.getOperand(at);
  if (llvm::isa<llvm::Constant>(index) || !index->getType()->isIntegerTy()) return {};
  return at;
}

void guard(llvm::AllocaInst& local, llvm::ArrayType& array) {
  std::vector<std::pair<llvm::GetElementPtrInst*, unsigned>> addresses;
  for (llvm::User* user : local.users())
    if (auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(user))
      if (const auto at = element_operand(*address, array)) addresses.emplace_back(address, *at);
  if (addresses.empty()) return;
  const uint64_t count = array.getNumElements();
  local.setAllocatedType(llvm::ArrayType::get(array.getElementType(), count + 1));
  for (const auto& [address, at] : addresses) {
    llvm::IRBuilder<> builder(address);
    llvm::Value* index = builder.CreateSExtOrTrunc(address->getOperand(at), builder.getInt64Ty());
    address->setOperand(
        at, builder.CreateBinaryIntrinsic(llvm::Intrinsic::umin, index, builder.getInt64(count)));
  }
}

}  // namespace

void guard_private_arrays(llvm::Function& function) {
  std::vector<llvm::AllocaInst*> locals;
  for (llvm::Instruction& instruction : llvm::instructions(function))
    if (auto* local = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) locals.push_back(local);
  for (llvm::AllocaInst* local : locals)
    if (auto* array = llvm::dyn_cast<llvm::ArrayType>(local->getAllocatedType());
        array && array->getNumElements() > 0 && !local->isArrayAllocation())
      guard(*local, *array);
}

}  // namespace anvil::compiler::air
