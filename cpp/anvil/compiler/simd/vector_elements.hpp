// vector_elements.hpp: elements of integer vectors, computed as scalars.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::simd {

/// Coordinates are vectors (`gid.xy + uint2(1, 0)`), and what is read of them are elements: those
/// of sums, products and the like are computed from the operands' elements, where these are at
/// hand. A scalar's shape is known over the lanes, a vector's is not.
void compute_elements(llvm::Function& function);

}  // namespace anvil::compiler::simd
