// blocks.hpp: the forms of a product, by what multiplies.
#pragma once

#include "anvil/cpu/matrix/operands.hpp"

namespace anvil::cpu::matrix {

struct Sizes {
  uint32_t m, n, k;
};

/// By vector registers: floats, whatever the kinds. The destination is of float or int.
void multiply_by_lanes(const Matrix& d, const Matrix& a, const Matrix& b, const Sizes& sizes,
                       bool accumulates);

/// Whether the processor has tiles for these kinds (AMX: bfloat to float, 8-bit integers to int),
/// and the system lets the process use them.
bool has_tiles_for(uint32_t d_kind, uint32_t a_kind, uint32_t b_kind);

/// Whether the processor has tiles and the system knows them. Asks for nothing: a process that may
/// use tiles needs larger stacks for its signals.
bool has_tiles();

void multiply_by_tiles(const Matrix& d, const Matrix& a, const Matrix& b, const Sizes& sizes,
                       bool accumulates);

}  // namespace anvil::cpu::matrix
