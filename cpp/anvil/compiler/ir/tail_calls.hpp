// tail_calls.hpp: functions that end by calling themselves, as loops.
#pragma once

#include <llvm/IR/Module.h>

namespace anvil::compiler {

/// Metal has no recursion, but its compiler takes functions whose calls of themselves come last and
/// so are loops (MLX's LoopedElemToLoc::next is one). What else calls itself is left as it is.
void turn_tail_calls_into_loops(llvm::Module& module);

}  // namespace anvil::compiler
