// bit_merges.hpp: a value that takes some of its bits from another one, in some lanes.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::cpu {

/// LLVM up to 22 encodes `lanes ? (a & M) | (b & ~M) : a` wrongly for AVX-512: it becomes one
/// vpternlog under a mask, whose operands move to where the mask wants them, and two of the six
/// orders get each other's truth table (llvm-project issue 157929). So the choice between lanes
/// goes inside, `(a & M) | ((lanes ? b : a) & ~M)`, which takes as many instructions everywhere.
void choose_lanes_before_bits(llvm::Function& function);

}  // namespace anvil::compiler::cpu
