// simdgroup.hpp: 32 lanes, each with its own registers and place in the program.
#pragma once

#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include <array>

#include "anvil/abi/kernel_abi.h"
#include "block_order.hpp"
#include "collective.hpp"
#include "value.hpp"

namespace anvil::oracle {

/// What all simdgroups of a run share.
struct Code {
  const llvm::Function& function;
  const llvm::DataLayout& layout;
  BlockOrder order;
  Globals globals;
};

/// Runs `void anvil_scalar_entry(ptr tg, i32 simdgroup, i32 lane)` for its lanes. At every step the
/// lanes that wait at the earliest place go on together, by one instruction.
class Simdgroup {
 public:
  Simdgroup(const Code& code, Memory& memory, uint64_t threadgroup, uint32_t number);

  enum class Stop { at_barrier, at_end };
  /// Runs until all lanes stand at one threadgroup barrier, or all have ended; lanes that have
  /// ended before the others' barrier are not waited for. Called again, it goes on behind the
  /// barrier. Throws Fault.
  Stop run();

 private:
  struct Lane {
    const llvm::Instruction* next = nullptr;  // null: ended
    bool at_latch = false;                    // about to go round to `next` again
    bool at_barrier = false;                  // stands there until all other simdgroups do
    llvm::DenseMap<const llvm::Value*, Value> registers;
  };

  unsigned place(const Lane& lane) const;
  uint32_t earliest() const;
  void step(uint32_t active);
  bool step_together(const llvm::CallBase& call, uint32_t active);
  void step_lane(Lane& lane);
  void jump(Lane& lane, const llvm::BasicBlock* to);
  Value operand(const Lane& lane, const llvm::Value* value) const;
  uint64_t word(const Lane& lane, const llvm::Value* value) const {
    return operand(lane, value)[0];
  }
  Value compute(Lane& lane, const llvm::Instruction& instruction);
  Value call(Lane& lane, const llvm::CallBase& call);
  Value intrinsic_call(Lane& lane, const llvm::IntrinsicInst& call);
  Value update_atomically(const Lane& lane, const llvm::AtomicRMWInst& update);
  Value exchange_atomically(const Lane& lane, const llvm::AtomicCmpXchgInst& exchange);
  uint64_t address(const Lane& lane, const llvm::GetElementPtrInst& step, unsigned element) const;

  const Code& code_;
  Memory& memory_;
  std::array<Lane, ANVIL_SIMD_WIDTH> lanes_;
};

}  // namespace anvil::oracle
