// function_pointers.hpp: calls through function pointers, as calls of the functions they may mean.
#pragma once

#include <llvm/IR/Module.h>

namespace anvil::compiler {

/// A kernel's program is whole: a pointer can only mean a function of its own whose address it
/// takes, or one that is linked for tables (kLinkedPrefix). Each of those gets a number in place of
/// its address, the linked ones 16, 32, ... as the host has written them, and a call through a
/// pointer becomes a choice among those of its type, which can then be inlined like any other. A
/// pointer that means none of them is undefined; where there are none, a call gives zero.
void resolve_function_pointers(llvm::Module& module);

}  // namespace anvil::compiler
