#include "matrix.hpp"

#include <cstring>
#include <vector>

#include "anvil/cpu/matrix/operands.hpp"
#include "anvil/cpu/matrix/product.hpp"

namespace anvil::oracle {
namespace {

/// Of `rows` rows of `columns` elements, or turned; its bytes are all the kernel's.
std::byte* operand(const Memory& memory, uint64_t address, uint32_t kind, uint64_t stride,
                   bool turned, uint32_t rows, uint32_t columns) {
  const uint64_t outer = turned ? columns : rows, inner = turned ? rows : columns;
  if (outer == 0 || inner == 0) return nullptr;
  const uint64_t elements = (outer - 1) * stride + inner;
  return memory.at(address, elements * cpu::matrix::bytes_of(kind), "product");
}

}  // namespace

void multiply_matrices(const Memory& memory, llvm::StringRef where, const Lanes& destinations,
                       llvm::ArrayRef<uint64_t> arguments) {
  const auto number = [&](unsigned i) { return static_cast<uint32_t>(arguments[i]); };
  AnvilMatrixProduct product{};
  product.d_kind = number(1);
  product.d_stride = static_cast<long long>(arguments[2]);
  product.a_kind = number(4);
  product.a_stride = static_cast<long long>(arguments[5]);
  product.b_kind = number(7);
  product.b_stride = static_cast<long long>(arguments[8]);
  product.m = number(9);
  product.n = number(10);
  product.k = number(11);
  product.flags = number(12);
  product.a = operand(memory, arguments[3], product.a_kind, arguments[5],
                      product.flags & ANVIL_MATRIX_LEFT_TURNED, product.m, product.k);
  product.b = operand(memory, arguments[6], product.b_kind, arguments[8],
                      product.flags & ANVIL_MATRIX_RIGHT_TURNED, product.k, product.n);
  if (where == "memory") {
    product.d =
        operand(memory, arguments[0], product.d_kind, arguments[2], false, product.m, product.n);
    return cpu::multiply_matrices(&product);
  }
  // Element i of lane l is element 32 i + l of rows one after the other.
  const uint32_t bytes = cpu::matrix::bytes_of(product.d_kind);
  const uint64_t pitch = arguments[2];
  std::vector<std::byte> rows(product.m * pitch * bytes);
  const auto each = [&](const auto& move) {
    for (uint64_t i = 0; i < product.m * pitch; ++i) {
      if (i % pitch >= product.n) continue;
      const uint64_t place = destinations[i % ANVIL_SIMD_WIDTH] + i / ANVIL_SIMD_WIDTH * bytes;
      move(memory.at(place, bytes, "product"), rows.data() + i * bytes);
    }
  };
  each([&](std::byte* lane, std::byte* own) { std::memcpy(own, lane, bytes); });
  product.d = rows.data();
  cpu::multiply_matrices(&product);
  each([&](std::byte* lane, std::byte* own) { std::memcpy(lane, own, bytes); });
}

}  // namespace anvil::oracle
