// product.hpp: products of matrices, which kernels ask for whole (abi/matrix_abi.h).
#pragma once

#include "anvil/abi/matrix_abi.h"

namespace anvil::cpu {

/// Runs on the thread of the simdgroup that asks, with about 50 KiB of its stack, and allocates
/// nothing. Sums are float's or, of 8-bit integers, int's. With AMX products of bfloat flush
/// subnormal numbers to zero, operands and sums, as its tiles do.
void multiply_matrices(const AnvilMatrixProduct* product);

/// Whether the processor has tiles for products of bfloats, and the system knows them.
bool has_matrix_units();

}  // namespace anvil::cpu
