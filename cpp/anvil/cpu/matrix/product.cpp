#include "anvil/cpu/matrix/product.hpp"

#include <algorithm>
#include <cstring>

#include "anvil/cpu/matrix/blocks.hpp"

namespace anvil::cpu {
namespace {

using matrix::Matrix;
using matrix::Sizes;

/// Of a destination of float or int.
void multiply_wide(const Matrix& d, const Matrix& a, const Matrix& b, const Sizes& sizes,
                   bool accumulates) {
  if (matrix::has_tiles_for(d.kind, a.kind, b.kind))
    matrix::multiply_by_tiles(d, a, b, sizes, accumulates);
  else
    matrix::multiply_by_lanes(d, a, b, sizes, accumulates);
}

void multiply(const Matrix& d, const Matrix& a, const Matrix& b, const Sizes& sizes,
              bool accumulates) {
  if (matrix::bytes_of(d.kind) == 4) return multiply_wide(d, a, b, sizes, accumulates);
  // Rounded once: whole sums first.
  constexpr uint32_t kBlock = 64;
  alignas(64) float sums[kBlock * kBlock];
  for (uint32_t row = 0; row < sizes.m; row += kBlock)
    for (uint32_t column = 0; column < sizes.n; column += kBlock) {
      const uint32_t rows = std::min(kBlock, sizes.m - row);
      const uint32_t columns = std::min(kBlock, sizes.n - column);
      multiply_wide({reinterpret_cast<std::byte*>(sums), kBlock, 1, ANVIL_MATRIX_FLOAT},
                    a.from(row, 0), b.from(0, column), {rows, columns, sizes.k}, false);
      matrix::write_sums(sums, rows, columns, kBlock, d.from(row, column), accumulates);
    }
}

constexpr uint32_t kLanes = 32;

/// Of a destination whose lanes' arrays lie one after the other: by blocks, through memory.
void multiply_apart(const AnvilMatrixProduct& product, const Matrix& a, const Matrix& b,
                    bool accumulates) {
  constexpr uint32_t kRows = 16, kColumns = 64;
  alignas(64) std::byte block[kRows * kColumns * 4];
  const uint32_t bytes = matrix::bytes_of(product.d_kind);
  for (uint32_t row = 0; row < product.m; row += kRows)
    for (uint32_t column = 0; column < product.n; column += kColumns) {
      const uint32_t rows = std::min(kRows, product.m - row);
      const uint32_t columns = std::min(kColumns, product.n - column);
      const auto each = [&](auto move) {
        for (uint32_t i = 0; i < rows; ++i)
          for (uint32_t j = 0; j < columns; ++j) {
            const uint64_t place = static_cast<uint64_t>(product.d_stride) * (row + i) + column + j;
            move(static_cast<std::byte*>(product.d) + place % kLanes * product.lane_bytes +
                     place / kLanes * bytes,
                 block + (i * kColumns + j) * bytes);
          }
      };
      if (accumulates)
        each([&](std::byte* lane, std::byte* own) { std::memcpy(own, lane, bytes); });
      multiply({block, kColumns, 1, product.d_kind}, a.from(row, 0), b.from(0, column),
               {rows, columns, product.k}, accumulates);
      each([&](std::byte* lane, std::byte* own) { std::memcpy(lane, own, bytes); });
    }
}

}  // namespace

bool has_matrix_units() {
  return matrix::has_tiles();
}

void multiply_matrices(const AnvilMatrixProduct* product) {
  const AnvilMatrixProduct& p = *product;
  if (p.m == 0 || p.n == 0) return;
  const auto operand = [](const void* elements, int64_t stride, uint32_t kind, bool turned) {
    return Matrix{static_cast<std::byte*>(const_cast<void*>(elements)), turned ? 1 : stride,
                  turned ? stride : 1, kind};
  };
  const Matrix a = operand(p.a, p.a_stride, p.a_kind, p.flags & ANVIL_MATRIX_LEFT_TURNED);
  const Matrix b = operand(p.b, p.b_stride, p.b_kind, p.flags & ANVIL_MATRIX_RIGHT_TURNED);
  const bool accumulates = p.flags & ANVIL_MATRIX_ACCUMULATES;
  if (p.lane_bytes == 0 || p.lane_bytes == matrix::bytes_of(p.d_kind))
    multiply({static_cast<std::byte*>(p.d), p.d_stride, 1, p.d_kind}, a, b, {p.m, p.n, p.k},
             accumulates);
  else
    multiply_apart(p, a, b, accumulates);
}

}  // namespace anvil::cpu
