// loop_exits.hpp: operations across lanes stay in the loops that they were written in.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler {

/// In `for (...) { if (a) { x = simd_sum(y); if (b) break; } }` the lanes of one iteration sum
/// together. Once the optimiser finds that b is always true, the sum lies on a way out of the loop
/// and belongs to it no longer: lanes that leave in different iterations would meet there. So such
/// a break stays a condition: it also asks whether the simdgroup's index, the entry's second
/// argument, is one that exists. The vectoriser's entry knows its range, and the question goes away
/// once the lanes' order is settled.
void keep_operations_in_loops(llvm::Function& scalar_entry);

/// No simdgroup has it.
inline constexpr unsigned kNoSimdgroup = ~0u;

}  // namespace anvil::compiler
