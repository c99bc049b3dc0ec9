// vector_sums.hpp: sums of products of vectors' elements, by vectors first.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler::simd {

/// Where the order of a sum is free (fast math), dot(a, b) + dot(c, d) is one sum over the elements
/// of a * b + c * d: over lanes' flat vectors taking elements out is what costs, products of whole
/// vectors are not.
void sum_vectors_first(llvm::Function& function);

}  // namespace anvil::compiler::simd
