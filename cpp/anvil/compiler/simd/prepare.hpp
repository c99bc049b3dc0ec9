// prepare.hpp: brings one lane's program into the form that the vectoriser reads.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::simd {

/// Afterwards: reducible control flow with two-way branches only, loops simplified and in LCSSA
/// form, no memory intrinsics, no arithmetic on half or bfloat, vectors accessed with constant
/// indices, no integer division that traps.
void prepare(llvm::Function& function);

}  // namespace anvil::compiler::simd
