// vector_copies.hpp: copies of MSL's vectors are loads and stores of vectors.
#pragma once

#include <llvm/IR/Function.h>

namespace anvil::compiler {

/// clang copies a trivial class, which `vec` is, as bytes. SROA would take such a copy apart by how
/// the destination is read later: four loads of x, y, z and w from a buffer, where one of a vector
/// can be taken apart in registers. So a copy of a vector, or of a structure with vectors among its
/// members, becomes loads and stores of them. Wants addresses to be values (mem2reg) and what is
/// called to be inlined, so that their types show.
void copy_vectors(llvm::Function& function);

}  // namespace anvil::compiler
