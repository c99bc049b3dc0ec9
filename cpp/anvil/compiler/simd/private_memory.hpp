// private_memory.hpp: how the 32 lanes' copies of a private array lie in memory.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Instructions.h>

namespace anvil::compiler::simd {

/// An array that every access reads or writes in elements of one size is laid out [element][lane]:
/// a uniform index then touches 32 adjacent elements. Any other private object is [lane][object].
class PrivateMemory {
 public:
  explicit PrivateMemory(llvm::Function& function);

  /// Size in bytes of the interleaved elements that a pointer points into; 0: not interleaved.
  uint64_t interleaved_element(const llvm::Value* pointer) const {
    return elements_.lookup(pointer);
  }
  /// Distance in bytes between the copies of neighbouring lanes.
  uint64_t lane_stride(const llvm::AllocaInst& object) const;

 private:
  llvm::DenseMap<const llvm::Value*, uint64_t> elements_;
};

}  // namespace anvil::compiler::simd
