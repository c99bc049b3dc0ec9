#include "anvil/compiler/cpu/alignment.hpp"

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

#include <algorithm>

namespace anvil::compiler::cpu {
namespace {

// Bytes of the widest register that no vector instruction loads.
constexpr uint64_t kWidest = 8;

template <class Access>
void align_elements(Access& access, llvm::Type* type, const llvm::DataLayout& layout) {
  if (access.isAtomic()) return;
  const uint64_t size = layout.getTypeStoreSize(type->getScalarType());
  const llvm::Align most =
      type->isVectorTy() && llvm::isPowerOf2_64(size) ? llvm::Align(size) : llvm::Align(kWidest);
  access.setAlignment(std::min({access.getAlign(), most, llvm::Align(kWidest)}));
}

// Copies, fills, and accesses under a mask.
void align_arguments(llvm::IntrinsicInst& call) {
  for (unsigned i = 0; i < call.arg_size(); ++i)
    if (call.getParamAlign(i).valueOrOne().value() > kWidest) {
      call.removeParamAttr(i, llvm::Attribute::Alignment);
      call.addParamAttr(i,
                        llvm::Attribute::getWithAlignment(call.getContext(), llvm::Align(kWidest)));
    }
}

}  // namespace

void align_elements_alone(llvm::Function& function) {
  const llvm::DataLayout& layout = function.getParent()->getDataLayout();
  for (llvm::Instruction& instruction : llvm::instructions(function))
    if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
      align_elements(*load, load->getType(), layout);
    else if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction))
      align_elements(*store, store->getValueOperand()->getType(), layout);
    else if (auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction))
      align_arguments(*call);
}

}  // namespace anvil::compiler::cpu
