// recursion.hpp: functions that call themselves and yet end, without calls.
#pragma once

#include <llvm/IR/Module.h>

namespace anvil::compiler {

/// Metal has no recursion, but its compiler takes functions of which it can tell that they end:
/// those whose calls of themselves come last and so are loops (MLX's LoopedElemToLoc::next is one),
/// and those of which the inner call cannot call again (PyTorch's bessel_j1_forward, which answers
/// for negative arguments by its value for positive ones). What else calls itself is left as it is.
/// Tells whether there was one.
bool resolve_recursion(llvm::Module& module);

}  // namespace anvil::compiler
