// alignment.hpp: memory accesses that need no more alignment than a GPU's.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::cpu {

/// A `float4*` may point to any float: Apple's GPUs load and store vectors whose elements alone are
/// aligned, and shipped programs have rows of 31 floats that they write four at a time.
/// Instructions that fault where a whole vector is not aligned are no faster. Comes last, since
/// what moves and merges accesses may well know their alignment.
void align_elements_alone(llvm::Function& function);

}  // namespace anvil::compiler::cpu
