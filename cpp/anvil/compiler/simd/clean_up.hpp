// clean_up.hpp: tidies what the emitter wrote.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/Target/TargetMachine.h>

namespace anvil::compiler::simd {

/// Slots become values, repeated vectors one, invariant ones leave their loops, dead code goes.
void clean_up(llvm::Function& function, llvm::TargetMachine* target);

}  // namespace anvil::compiler::simd
