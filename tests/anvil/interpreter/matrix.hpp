// matrix.hpp: products of matrices, which a simdgroup asks for whole (abi/matrix_abi.h).
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringRef.h>

#include <cstdint>

#include "collective.hpp"
#include "memory.hpp"

namespace anvil::oracle {

/// `__anvil_matrix_multiply_<where>` with the arguments of one of its lanes; `destinations` are the
/// first argument of each. By the host's product itself, which has tests of its own: what is to
/// agree is how a kernel asks for it. Throws Fault for memory that is not the kernel's.
void multiply_matrices(const Memory& memory, llvm::StringRef where, const Lanes& destinations,
                       llvm::ArrayRef<uint64_t> arguments);

}  // namespace anvil::oracle
