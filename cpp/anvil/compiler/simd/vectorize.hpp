// vectorize.hpp: turns the program of one lane into the program of a whole simdgroup.
#pragma once

#include "anvil/compiler/ir/remarks.hpp"

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace anvil::compiler::simd {

struct VectorizeOptions {
  /// Target the code is tuned for; null leaves cost decisions at their x86-64-v3 / aarch64
  /// defaults.
  llvm::TargetMachine* target = nullptr;
  /// Emit zones entered under a mask a second time for the case that all 32 lanes are active.
  bool full_mask_versions = true;
  /// Emit zones with so many operations on vectors once more for the case that only the first
  /// eight lanes are active, as in the last round of a loop whose lanes take turns.
  unsigned least_for_few = 64;
  /// Run LLVM's clean-up passes (mem2reg, CSE, LICM, ...) over the result.
  bool clean_up = true;
  /// Run llvm::verifyFunction on the result; a broken function is a failure remark.
  bool verify = true;
};

/// Replaces `void anvil_scalar_entry(ptr tg, i32 simdgroup, i32 lane)` by
/// `void anvil_entry(ptr tg, i32 simdgroup)` which runs lanes 0 to 31 in lockstep.
/// Every other defined function must have been inlined or be a leaf that may be called per lane.
/// False, with a failure remark, if that cannot be done; the module is then to be thrown away.
bool vectorize(llvm::Module& module, const VectorizeOptions& options, Remarks& remarks);

}  // namespace anvil::compiler::simd
