// Products of matrices against sums in double, whatever the kinds, sizes and places of elements.
#include "anvil/cpu/matrix/product.hpp"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

namespace {

struct Kinds {
  uint32_t d, a, b;
};
constexpr std::array kKinds{Kinds{ANVIL_MATRIX_FLOAT, ANVIL_MATRIX_FLOAT, ANVIL_MATRIX_FLOAT},
                            Kinds{ANVIL_MATRIX_FLOAT, ANVIL_MATRIX_HALF, ANVIL_MATRIX_HALF},
                            Kinds{ANVIL_MATRIX_FLOAT, ANVIL_MATRIX_BFLOAT, ANVIL_MATRIX_BFLOAT},
                            Kinds{ANVIL_MATRIX_FLOAT, ANVIL_MATRIX_HALF, ANVIL_MATRIX_BFLOAT},
                            Kinds{ANVIL_MATRIX_FLOAT, ANVIL_MATRIX_BFLOAT, ANVIL_MATRIX_CHAR},
                            Kinds{ANVIL_MATRIX_FLOAT, ANVIL_MATRIX_CHAR, ANVIL_MATRIX_FLOAT},
                            Kinds{ANVIL_MATRIX_FLOAT, ANVIL_MATRIX_CHAR, ANVIL_MATRIX_UCHAR},
                            Kinds{ANVIL_MATRIX_HALF, ANVIL_MATRIX_HALF, ANVIL_MATRIX_HALF},
                            Kinds{ANVIL_MATRIX_BFLOAT, ANVIL_MATRIX_BFLOAT, ANVIL_MATRIX_BFLOAT},
                            Kinds{ANVIL_MATRIX_INT, ANVIL_MATRIX_CHAR, ANVIL_MATRIX_CHAR},
                            Kinds{ANVIL_MATRIX_INT, ANVIL_MATRIX_CHAR, ANVIL_MATRIX_UCHAR},
                            Kinds{ANVIL_MATRIX_INT, ANVIL_MATRIX_UCHAR, ANVIL_MATRIX_CHAR},
                            Kinds{ANVIL_MATRIX_INT, ANVIL_MATRIX_UCHAR, ANVIL_MATRIX_UCHAR}};

uint32_t bytes_of(uint32_t kind) {
  if (kind >= ANVIL_MATRIX_CHAR) return 1;
  return kind == ANVIL_MATRIX_HALF || kind == ANVIL_MATRIX_BFLOAT ? 2 : 4;
}

class Elements {
 public:
  Elements(size_t count, uint32_t kind) : kind_(kind), bytes_(count * bytes_of(kind)) {}

  void* data() { return bytes_.data(); }
  double get(size_t i) const {
    switch (kind_) {
      case ANVIL_MATRIX_FLOAT:
        return as<float>(i);
      case ANVIL_MATRIX_HALF:
        return static_cast<float>(as<_Float16>(i));
      case ANVIL_MATRIX_BFLOAT:
        return std::bit_cast<float>(uint32_t{as<uint16_t>(i)} << 16);
      case ANVIL_MATRIX_INT:
        return as<int32_t>(i);
      case ANVIL_MATRIX_CHAR:
        return as<int8_t>(i);
      default:
        return as<uint8_t>(i);
    }
  }
  void put(size_t i, std::mt19937& random) {
    const float value = std::uniform_real_distribution(-1.0f, 1.0f)(random);
    switch (kind_) {
      case ANVIL_MATRIX_FLOAT:
        return set(i, value);
      case ANVIL_MATRIX_HALF:
        return set(i, static_cast<_Float16>(value));
      case ANVIL_MATRIX_BFLOAT:
        return set(i, static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
      case ANVIL_MATRIX_INT:
        return set(i, static_cast<int32_t>(random() % 2001) - 1000);
      default:
        return set(i, static_cast<uint8_t>(random()));
    }
  }

 private:
  template <class T>
  T as(size_t i) const {
    T value;
    std::memcpy(&value, bytes_.data() + i * sizeof(T), sizeof(T));
    return value;
  }
  template <class T>
  void set(size_t i, T value) {
    std::memcpy(bytes_.data() + i * sizeof(T), &value, sizeof(T));
  }

  uint32_t kind_;
  std::vector<char> bytes_;  // no more: what reads past the end is found by AddressSanitizer
};

/// What rounding may add, of the sum of the products' magnitudes: 600 sums in float (each at most
/// 2^-24 off, in practice a few of them), and the destination's own.
double tolerance(uint32_t kind) {
  switch (kind) {
    case ANVIL_MATRIX_HALF:
      return 0x1p-10;
    case ANVIL_MATRIX_BFLOAT:
      return 0x1p-7;
    case ANVIL_MATRIX_INT:
      return 0;
    default:
      return 1e-6;
  }
}

void check(const Kinds& kinds, std::mt19937& random) {
  const auto below = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
  const uint32_t m = below(70) + 1, n = below(70) + 1, k = below(below(2) ? 600 : 60);
  const uint32_t flags = below(8);
  const bool a_turned = flags & ANVIL_MATRIX_LEFT_TURNED;
  const bool b_turned = flags & ANVIL_MATRIX_RIGHT_TURNED;
  const bool accumulates = flags & ANVIL_MATRIX_ACCUMULATES;
  const size_t a_stride = (a_turned ? m : k) + below(5);
  const size_t b_stride = (b_turned ? k : n) + below(5);
  const size_t d_stride = n + below(5);
  Elements a((a_turned ? k : m) * a_stride, kinds.a);
  Elements b((b_turned ? n : k) * b_stride, kinds.b);
  for (size_t i = 0; i < (a_turned ? k : m) * a_stride; ++i) a.put(i, random);
  for (size_t i = 0; i < (b_turned ? n : k) * b_stride; ++i) b.put(i, random);
  // In memory, between lanes element by element, or in arrays of lanes one after the other.
  const uint32_t bytes = bytes_of(kinds.d);
  const size_t of_lane = (m * d_stride + 31) / 32;
  const std::array lane_bytes{uint32_t{0}, bytes, static_cast<uint32_t>(of_lane * bytes)};
  const uint32_t way = below(3);
  const auto place = [&](size_t row, size_t column) {
    const size_t i = row * d_stride + column;
    return way == 2 ? i % 32 * of_lane + i / 32 : i;
  };
  Elements d(of_lane * 32, kinds.d);
  for (size_t i = 0; i < of_lane * 32; ++i) d.put(i, random);
  const Elements before = d;
  const AnvilMatrixProduct product{.d = d.data(),
                                   .a = a.data(),
                                   .b = b.data(),
                                   .d_stride = static_cast<long long>(d_stride),
                                   .a_stride = static_cast<long long>(a_stride),
                                   .b_stride = static_cast<long long>(b_stride),
                                   .d_kind = kinds.d,
                                   .a_kind = kinds.a,
                                   .b_kind = kinds.b,
                                   .m = m,
                                   .n = n,
                                   .k = k,
                                   .flags = flags,
                                   .lane_bytes = lane_bytes[way]};
  anvil::cpu::multiply_matrices(&product);
  CAPTURE(kinds.d);
  CAPTURE(kinds.a);
  CAPTURE(kinds.b);
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  CAPTURE(flags);
  CAPTURE(way);
  for (uint32_t row = 0; row < m; ++row)
    for (size_t column = 0; column < d_stride && (row + 1 < m || column < n); ++column) {
      const double old = before.get(place(row, column)), got = d.get(place(row, column));
      if (column >= n) {
        REQUIRE(got == old);
        continue;
      }
      double sum = accumulates ? old : 0, magnitude = std::fabs(sum);
      for (uint32_t i = 0; i < k; ++i) {
        const double term = a.get(a_turned ? i * a_stride + row : row * a_stride + i) *
                            b.get(b_turned ? column * b_stride + i : i * b_stride + column);
        sum += term;
        magnitude += std::fabs(term);
      }
      REQUIRE(std::fabs(got - sum) <= magnitude * tolerance(kinds.d));
    }
}

}  // namespace

TEST_CASE("products of matrices of every kind, size and place") {
  std::mt19937 random(20);
  for (int round = 0; round < 20; ++round)
    for (const Kinds& kinds : kKinds) check(kinds, random);
}
TEST_CASE("a product of nothing is zero, and without rows or columns nothing is written") {
  std::array<float, 4> d{1, 2, 3, 4};
  AnvilMatrixProduct product{};
  product.d = d.data();
  product.a = product.b = d.data();
  product.d_stride = 2;
  product.m = 2;
  anvil::cpu::multiply_matrices(&product);
  CHECK(d == std::array<float, 4>{1, 2, 3, 4});
  product.n = 2;
  product.flags = ANVIL_MATRIX_ACCUMULATES;
  anvil::cpu::multiply_matrices(&product);
  CHECK(d == std::array<float, 4>{1, 2, 3, 4});
  product.flags = 0;
  anvil::cpu::multiply_matrices(&product);
  CHECK(d == std::array<float, 4>{0, 0, 0, 0});
}
