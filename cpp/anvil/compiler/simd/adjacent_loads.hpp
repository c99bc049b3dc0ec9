// adjacent_loads.hpp: what one lane loads from adjacent addresses it loads at once.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::simd {

/// Blocks of quantised weights are read by bytes and halves, rows by floats one after the other:
/// over lanes that lie apart each of them is a gather. Bytes and halves become integers of 32 bits,
/// runs of 32 bits short vectors. The function is as prepare() leaves it.
void merge_adjacent_loads(llvm::Function& function);

}  // namespace anvil::compiler::simd
