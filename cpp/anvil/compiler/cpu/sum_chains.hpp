// sum_chains.hpp: long sums of products, so that the processor forms several at a time.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::cpu {

/// The code generator makes one chain of fused multiply-adds of a sum whose order is free, each of
/// which waits for the one before (4 cycles on x86): sixteen products take 64 cycles, in which two
/// units could form 128. A long sum becomes chains of a few products each, whose ends are added;
/// what it adds to, an earlier iteration's sum, comes last. Their order is free no more.
void break_long_sums(llvm::Function& function);

}  // namespace anvil::compiler::cpu
