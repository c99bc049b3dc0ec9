// matrices.hpp: simdgroup matrices, as a lane has them.
#pragma once

namespace llvm {
class Module;
}

namespace anvil::compiler::air {

/// In AIR a simdgroup matrix is a <64 x T> of which elements 0 and 1 are the lane's own, and the
/// others nobody's. Makes it a <2 x T>; in memory it keeps its place and the size that addresses
/// and copies go by. Throws AirError for an operation that has no meaning on a matrix.
void narrow_matrices(llvm::Module& module);

}  // namespace anvil::compiler::air
