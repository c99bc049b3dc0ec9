// adjacent_stores.hpp: what one lane stores to adjacent addresses it stores at once.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::simd {

/// Stores one after another become stores of short vectors, of up to 16 bytes where lanes lie that
/// far apart: each store of a simdgroup is 32 of them, or a permutation and a wide one. What was
/// merely loaded at once (adjacent_loads.hpp) is stored as it is. The function is as prepare()
/// leaves it.
void merge_adjacent_stores(llvm::Function& function);

}  // namespace anvil::compiler::simd
