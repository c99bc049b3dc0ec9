// primitives.hpp: where a lane's index and threadgroup memory come from, in the executor's calls.
#pragma once

#include <llvm/IR/Module.h>

namespace anvil::compiler::cpu {

/// The lane is the entry's third argument, and threadgroup variables are offsets into
/// tg->static_memory, of which this gives the size. Says how large the arguments can be.
uint64_t lower_primitives(llvm::Module& module);

/// Of the simdgroup's program: has what it says reach AnvilThreadgroup::log.
void lower_messages(llvm::Module& module);

}  // namespace anvil::compiler::cpu
