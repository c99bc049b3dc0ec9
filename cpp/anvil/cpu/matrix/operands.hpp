// operands.hpp: blocks of a product's matrices, in whatever kind they are stored.
#pragma once

#include <cstddef>
#include <cstdint>

#include "anvil/abi/matrix_abi.h"

namespace anvil::cpu::matrix {

/// A matrix in memory: element (row, column) is `row * row_step + column * column_step` on.
struct Matrix {
  std::byte* elements;
  int64_t row_step, column_step;
  uint32_t kind;

  /// From (row, column) on.
  Matrix from(int64_t row, int64_t column) const;
};

uint32_t bytes_of(uint32_t kind);

/// Rows one after the other, `pitch` elements apart, as float.
void read_floats(const Matrix& matrix, uint32_t rows, uint32_t columns, float* to, uint32_t pitch);

/// Likewise as they are: of one and two bytes.
void read_words(const Matrix& matrix, uint32_t rows, uint32_t columns, void* to, uint32_t pitch);

/// Sums, `pitch` apart, to a destination of kind float, half, bfloat or int. Of int's destinations
/// sums are whole numbers.
void write_sums(const float* sums, uint32_t rows, uint32_t columns, uint32_t pitch,
                const Matrix& destination, bool accumulates);
void write_sums(const int32_t* sums, uint32_t rows, uint32_t columns, uint32_t pitch,
                const Matrix& destination, bool accumulates);

}  // namespace anvil::cpu::matrix
