// A product by vector registers: blocks of both operands become floats, a column of the one times a
// row of the other is added to a block of sums in registers.
#include <algorithm>
#include <iterator>

#include "anvil/cpu/matrix/blocks.hpp"

// What every kernel is compiled to, at least (host_cpu.hpp).
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#endif

namespace anvil::cpu::matrix {
namespace {

constexpr uint32_t kColumns = 32;
// Sums of so many products of 8-bit integers are exact in float.
constexpr uint32_t kDepth = 128;
constexpr uint32_t kRows = 8;

typedef float Floats __attribute__((vector_size(64), aligned(4)));
constexpr uint32_t kWide = 16;

/// sums (kRows, kColumns) = a (kRows, depth) b (depth, kColumns).
__attribute__((always_inline)) inline void add_block(const float* a, const float* b, uint32_t depth,
                                                     float* sums) {
  for (uint32_t row = 0; row < kRows; row += 4) {
    Floats own[4][2] = {};
    for (uint32_t k = 0; k < depth; ++k) {
      const auto* values = reinterpret_cast<const Floats*>(b + k * kColumns);
      for (uint32_t i = 0; i < 4; ++i) {
        const float factor = a[(row + i) * kDepth + k];
        own[i][0] += factor * values[0];
        own[i][1] += factor * values[1];
      }
    }
    for (uint32_t i = 0; i < 4; ++i)
      for (uint32_t j = 0; j < 2; ++j)
        *reinterpret_cast<Floats*>(sums + (row + i) * kColumns + j * kWide) = own[i][j];
  }
}

using AddBlock = void (*)(const float*, const float*, uint32_t, float*);

void add_block_here(const float* a, const float* b, uint32_t depth, float* sums) {
  add_block(a, b, depth, sums);
}
#if defined(__x86_64__)
__attribute__((target("avx512f,avx2,fma,f16c"))) void add_block_512(const float* a, const float* b,
                                                                    uint32_t depth, float* sums) {
  add_block(a, b, depth, sums);
}
AddBlock best() {
  return __builtin_cpu_supports("avx512f") ? add_block_512 : add_block_here;
}
#else
AddBlock best() {
  return add_block_here;
}
#endif

}  // namespace

void multiply_by_lanes(const Matrix& d, const Matrix& a, const Matrix& b, const Sizes& sizes,
                       bool accumulates) {
  alignas(64) float left[kRows * kDepth];
  alignas(64) float right[kDepth * kColumns];
  alignas(64) float sums[kRows * kColumns];
  static const AddBlock add = best();
  for (uint32_t column = 0; column < sizes.n; column += kColumns) {
    const uint32_t columns = std::min(kColumns, sizes.n - column);
    uint32_t k = 0;
    do {
      const uint32_t depth = std::min(kDepth, sizes.k - k);
      if (columns < kColumns) std::fill(std::begin(right), std::end(right), 0.0f);
      read_floats(b.from(k, column), depth, columns, right, kColumns);
      for (uint32_t row = 0; row < sizes.m; row += kRows) {
        const uint32_t rows = std::min(kRows, sizes.m - row);
        if (rows < kRows) std::fill(std::begin(left), std::end(left), 0.0f);
        read_floats(a.from(row, k), rows, depth, left, kDepth);
        add(left, right, depth, sums);
        write_sums(sums, rows, columns, kColumns, d.from(row, column), accumulates || k != 0);
      }
      k += depth;
    } while (k < sizes.k);
  }
}

}  // namespace anvil::cpu::matrix

#if defined(__x86_64__)
#pragma clang attribute pop
#endif
