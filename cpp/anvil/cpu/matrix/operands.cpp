#include "anvil/cpu/matrix/operands.hpp"

#include <bit>
#include <cstring>

// What every kernel is compiled to, at least (host_cpu.hpp).
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#endif

namespace anvil::cpu::matrix {
namespace {

struct Bfloat {
  uint16_t bits;
};

template <class T>
T at(const Matrix& matrix, uint32_t row, uint32_t column) {
  T value;
  std::memcpy(&value,
              matrix.elements + (row * matrix.row_step + column * matrix.column_step) *
                                    static_cast<int64_t>(sizeof(T)),
              sizeof(T));
  return value;
}

float to_float(float value) {
  return value;
}
float to_float(_Float16 value) {
  return static_cast<float>(value);
}
float to_float(Bfloat value) {
  return std::bit_cast<float>(uint32_t{value.bits} << 16);
}
float to_float(int8_t value) {
  return value;
}
float to_float(uint8_t value) {
  return value;
}

/// To the nearest, ties to even; NaN stays one.
Bfloat to_bfloat(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}

template <class T>
void read_as(const Matrix& matrix, uint32_t rows, uint32_t columns, float* to, uint32_t pitch) {
  if (matrix.column_step == 1) {
    for (uint32_t row = 0; row < rows; ++row)
      for (uint32_t column = 0; column < columns; ++column)
        to[row * pitch + column] =
            to_float(at<T>({matrix.elements, matrix.row_step, 1, 0}, row, column));
    return;
  }
  for (uint32_t column = 0; column < columns; ++column)
    for (uint32_t row = 0; row < rows; ++row)
      to[row * pitch + column] = to_float(at<T>(matrix, row, column));
}

template <class T>
void copy(const Matrix& matrix, uint32_t rows, uint32_t columns, T* to, uint32_t pitch) {
  if (matrix.column_step == 1) {
    for (uint32_t row = 0; row < rows; ++row)
      std::memcpy(to + row * pitch,
                  matrix.elements + row * matrix.row_step * static_cast<int64_t>(sizeof(T)),
                  columns * sizeof(T));
    return;
  }
  for (uint32_t column = 0; column < columns; ++column)
    for (uint32_t row = 0; row < rows; ++row) to[row * pitch + column] = at<T>(matrix, row, column);
}

template <class T, class Sum, class Convert>
void write_as(const Sum* sums, uint32_t rows, uint32_t columns, uint32_t pitch,
              const Matrix& destination, bool accumulates, Convert convert) {
  for (uint32_t row = 0; row < rows; ++row)
    for (uint32_t column = 0; column < columns; ++column) {
      Sum sum = sums[row * pitch + column];
      if (accumulates) {
        if constexpr (std::is_same_v<T, int32_t>)
          sum += static_cast<Sum>(at<int32_t>(destination, row, column));
        else
          sum += static_cast<Sum>(to_float(at<T>(destination, row, column)));
      }
      const T value = convert(sum);
      std::memcpy(
          destination.elements + (row * destination.row_step + column * destination.column_step) *
                                     static_cast<int64_t>(sizeof(T)),
          &value, sizeof(T));
    }
}

}  // namespace

uint32_t bytes_of(uint32_t kind) {
  switch (kind) {
    case ANVIL_MATRIX_HALF:
    case ANVIL_MATRIX_BFLOAT:
      return 2;
    case ANVIL_MATRIX_CHAR:
    case ANVIL_MATRIX_UCHAR:
      return 1;
    default:
      return 4;
  }
}

Matrix Matrix::from(int64_t row, int64_t column) const {
  // One without elements, of a product over none, may be null.
  const int64_t step = elements ? row * row_step + column * column_step : 0;
  return {elements + step * bytes_of(kind), row_step, column_step, kind};
}

void read_floats(const Matrix& matrix, uint32_t rows, uint32_t columns, float* to, uint32_t pitch) {
  switch (matrix.kind) {
    case ANVIL_MATRIX_HALF:
      return read_as<_Float16>(matrix, rows, columns, to, pitch);
    case ANVIL_MATRIX_BFLOAT:
      return read_as<Bfloat>(matrix, rows, columns, to, pitch);
    case ANVIL_MATRIX_CHAR:
      return read_as<int8_t>(matrix, rows, columns, to, pitch);
    case ANVIL_MATRIX_UCHAR:
      return read_as<uint8_t>(matrix, rows, columns, to, pitch);
    default:
      return read_as<float>(matrix, rows, columns, to, pitch);
  }
}

void read_words(const Matrix& matrix, uint32_t rows, uint32_t columns, void* to, uint32_t pitch) {
  if (bytes_of(matrix.kind) == 2)
    copy(matrix, rows, columns, static_cast<uint16_t*>(to), pitch);
  else
    copy(matrix, rows, columns, static_cast<uint8_t*>(to), pitch);
}

void write_sums(const float* sums, uint32_t rows, uint32_t columns, uint32_t pitch,
                const Matrix& destination, bool accumulates) {
  switch (destination.kind) {
    case ANVIL_MATRIX_HALF:
      return write_as<_Float16>(sums, rows, columns, pitch, destination, accumulates,
                                [](float sum) { return static_cast<_Float16>(sum); });
    case ANVIL_MATRIX_BFLOAT:
      return write_as<Bfloat>(sums, rows, columns, pitch, destination, accumulates, to_bfloat);
    case ANVIL_MATRIX_INT:
      for (uint32_t row = 0; row < rows; ++row)
        for (uint32_t column = 0; column < columns; ++column) {
          const auto whole = static_cast<int32_t>(sums[row * pitch + column]);
          write_sums(&whole, 1, 1, 1, destination.from(row, column), accumulates);
        }
      return;
    default:
      return write_as<float>(sums, rows, columns, pitch, destination, accumulates,
                             [](float sum) { return sum; });
  }
}

void write_sums(const int32_t* sums, uint32_t rows, uint32_t columns, uint32_t pitch,
                const Matrix& destination, bool accumulates) {
  write_as<int32_t>(sums, rows, columns, pitch, destination, accumulates,
                    [](int32_t sum) { return sum; });
}

}  // namespace anvil::cpu::matrix

#if defined(__x86_64__)
#pragma clang attribute pop
#endif
