// Tensors in memory, and products of them (MSL 2.21, Metal Performance Primitives).
#include <bit>
#include <cmath>
#include <random>

#include "program.hpp"

using language::buffer;
using language::Program;
using language::value;

namespace {

constexpr const char* kHead = R"(
#include <metal_stdlib>
#include <metal_tensor>
#include <MetalPerformancePrimitives/MetalPerformancePrimitives.h>
using namespace metal;
using namespace mpp::tensor_ops;
struct Sizes { int m, n, k; };
)";

// c (m, n) = a b, in tiles of 64 x 32, in every way in which operands lie.
constexpr const char* kProducts = R"(
template <class A, class B, class C, bool LeftTurned, bool RightTurned, class Scope>
void product(device const A* a, device const B* b, device C* c, Sizes s, uint2 group) {
  auto left = tensor(a, LeftTurned ? dextents<int, 2>(s.m, s.k) : dextents<int, 2>(s.k, s.m));
  auto right = tensor(b, RightTurned ? dextents<int, 2>(s.k, s.n) : dextents<int, 2>(s.n, s.k));
  auto result = tensor(c, dextents<int, 2>(s.n, s.m));
  constexpr auto what = matmul2d_descriptor(64, 32, static_cast<int>(dynamic_extent), LeftTurned, RightTurned);
  matmul2d<what, Scope> multiply;
  const int row = group.y * 64, column = group.x * 32;
  auto own_left = LeftTurned ? left.slice(row, 0) : left.slice(0, row);
  auto own_right = RightTurned ? right.slice(0, column) : right.slice(column, 0);
  auto own = result.slice(column, row);
  multiply.run(own_left, own_right, own);
}
#define PRODUCT(name, A, B, C, l, r, scope) \
  kernel void name(device const A* a [[buffer(0)]], device const B* b [[buffer(1)]], device C* c [[buffer(2)]], \
                   constant Sizes& s [[buffer(3)]], uint2 group [[threadgroup_position_in_grid]]) { \
    product<A, B, C, l, r, scope>(a, b, c, s, group); \
  }
PRODUCT(halves, half, half, float, false, false, execution_simdgroups<4>)
PRODUCT(halves_turned, half, half, float, true, true, execution_simdgroups<4>)
PRODUCT(bfloats, bfloat, bfloat, float, false, true, execution_simdgroups<4>)
PRODUCT(bfloats_turned, bfloat, bfloat, float, true, false, execution_simdgroups<3>)
PRODUCT(floats, float, float, float, false, true, execution_simdgroup)
PRODUCT(chars, int8_t, int8_t, int32_t, false, true, execution_simdgroups<2>)
PRODUCT(chars_to_floats, int8_t, int8_t, float, false, false, execution_simdgroups<2>)
PRODUCT(mixed, bfloat, int8_t, float, true, true, execution_simdgroups<4>)
PRODUCT(to_halves, half, half, half, false, false, execution_simdgroups<4>)
PRODUCT(of_threads, half, half, float, false, true, execution_thread)
)";

template <class T>
struct Element {
  static T make(std::mt19937& random) {
    return static_cast<T>(std::uniform_real_distribution(-1.0f, 1.0f)(random));
  }
};
template <>
struct Element<int8_t> {
  static int8_t make(std::mt19937& random) { return static_cast<int8_t>(random()); }
};

// The upper half of a float; the C++ library at hand has no conversions for clang's own __bf16.
struct Bfloat {
  uint16_t bits = 0;
  Bfloat() = default;
  explicit Bfloat(float v) : bits(static_cast<uint16_t>(std::bit_cast<uint32_t>(v) >> 16)) {}
  explicit operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

double number(float v) {
  return v;
}
double number(_Float16 v) {
  return static_cast<float>(v);
}
double number(Bfloat v) {
  return static_cast<float>(v);
}
double number(int8_t v) {
  return v;
}
double number(int32_t v) {
  return v;
}

struct Sizes {
  int32_t m, n, k;
};
constexpr Sizes kSizes[] = {{64, 32, 64}, {1, 1, 1}, {70, 45, 100}, {130, 33, 300}};

template <class A, class B, class C>
void check(Program& program, const char* kernel, bool left_turned, bool right_turned,
           uint32_t threads, double tolerance) {
  CAPTURE(kernel);
  std::mt19937 random(7);
  for (const Sizes& s : kSizes) {
    const auto size = [](int32_t x, int32_t y) {
      return static_cast<size_t>(x) * static_cast<size_t>(y);
    };
    std::vector<A> a(size(s.m, s.k));
    std::vector<B> b(size(s.k, s.n));
    std::vector<C> c(size(s.m, s.n));
    for (A& element : a) element = Element<A>::make(random);
    for (B& element : b) element = Element<B>::make(random);
    const auto groups_x = static_cast<uint32_t>((s.n + 31) / 32);
    const auto groups_y = static_cast<uint32_t>((s.m + 63) / 64);
    program.run(kernel, {groups_x * threads, groups_y}, {threads},
                {buffer(a), buffer(b), buffer(c), value(s)});
    for (int32_t row = 0; row < s.m; ++row)
      for (int32_t column = 0; column < s.n; ++column) {
        double sum = 0, magnitude = 0;
        for (int32_t k = 0; k < s.k; ++k) {
          const double term =
              number(a[static_cast<size_t>(left_turned ? k * s.m + row : row * s.k + k)]) *
              number(b[static_cast<size_t>(right_turned ? column * s.k + k : k * s.n + column)]);
          sum += term;
          magnitude += std::fabs(term);
        }
        REQUIRE(std::fabs(number(c[static_cast<size_t>(row * s.n + column)]) - sum) <=
                magnitude * tolerance);
      }
  }
}

}  // namespace

TEST_CASE("products of tensors, by threads and simdgroups") {
  Program program(std::string(kHead) + kProducts);
  constexpr double kFloat = 1e-6;  // sums of 300 products, in float
  check<_Float16, _Float16, float>(program, "halves", false, false, 128, kFloat);
  check<_Float16, _Float16, float>(program, "halves_turned", true, true, 128, kFloat);
  check<Bfloat, Bfloat, float>(program, "bfloats", false, true, 128, kFloat);
  check<Bfloat, Bfloat, float>(program, "bfloats_turned", true, false, 96, kFloat);
  check<float, float, float>(program, "floats", false, true, 32, kFloat);
  check<int8_t, int8_t, int32_t>(program, "chars", false, true, 64, 0);
  check<int8_t, int8_t, float>(program, "chars_to_floats", false, false, 64, kFloat);
  check<Bfloat, int8_t, float>(program, "mixed", true, true, 128, kFloat);
  check<_Float16, _Float16, _Float16>(program, "to_halves", false, false, 128, 0x1p-10);
  check<_Float16, _Float16, float>(program, "of_threads", false, true, 1, kFloat);
}

TEST_CASE("a cooperative tensor has the product's elements, each with its column and row") {
  // By chunks of k through threadgroup memory: y = 2 (1 + x w) + column + 100 row.
  Program program(std::string(kHead) + R"(
kernel void chunks(device const half* x [[buffer(0)]], device const half* w [[buffer(1)]], device half* y [[buffer(2)]],
                   constant Sizes& s [[buffer(3)]], uint thread_index [[thread_index_in_threadgroup]]) {
  threadgroup half chunk[32 * 16];
  constexpr auto what = matmul2d_descriptor(24, 32, 16, false, true, false,
                                            matmul2d_descriptor::mode::multiply_accumulate);
  matmul2d<what, execution_simdgroups<2>> multiply;
  tensor<device const half, dextents<int, 2>, tensor_inline> input(x, dextents<int, 2>(s.k, s.m));
  tensor<threadgroup half, extents<int, 16, 32>, tensor_inline> weights(chunk, extents<int, 16, 32>());
  auto sums = multiply.get_destination_cooperative_tensor<decltype(input), decltype(weights), float>();
#pragma unroll
  for (ushort i = 0; i < sums.get_capacity(); ++i) sums[i] = 1.0f;
  for (int k = 0; k < s.k; k += 16) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint i = thread_index; i < 32 * 16; i += 64) {
      const int column = k + i % 16, row = i / 16;
      chunk[i] = column < s.k && row < s.n ? w[row * s.k + column] : 0.0h;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    auto own = input.slice(k, 0);
    multiply.run(own, weights, sums);
  }
  auto results = multiply.get_destination_cooperative_tensor<decltype(input), decltype(weights), half>();
  ushort place = 0;
  for (auto each = sums.begin(); each != sums.end(); ++each, ++place) {
    const auto at = each.get_multidimensional_index();
    results[place] = half(2 * *each + at[0] + 100 * at[1]);
  }
  tensor<device half, dextents<int, 2>, tensor_inline> output(y, dextents<int, 2>(s.n, s.m));
  results.store(output);
}
kernel void back(device float* from [[buffer(0)]], device float* to [[buffer(1)]]) {
  constexpr auto what = matmul2d_descriptor(5, 7, 3);
  matmul2d<what, execution_simdgroups<2>> multiply;
  auto source = tensor(from, dextents<int, 2>(7, 5), array<int, 2>{1, 9});
  auto target = tensor(to, dextents<int, 2>(7, 4));
  auto values = multiply.get_destination_cooperative_tensor<decltype(source), decltype(source), float>();
  values.load(source);
  values.store(target);
}
kernel void views(device float* out [[buffer(0)]]) {
  auto all = tensor(out, dextents<int, 3>(4, 3, 2));
  auto part = all.slice<2, 2, 1>(1, 1, 1);
  part(0, 0, 0) = 1.0f;
  part[array<int, 3>{1, 1, 0}] = 2.0f;
  out[0] = all.slice(1, 2, 1).extent(0) + 10 * all.slice(1, 2, 1).extent(1) + 100 * all.slice(5, 0, 0).extent(0);
  out[1] = part.stride(1) + 100 * part.stride(2) + 10000 * part.extent(0);
}
)");
  std::mt19937 random(8);
  const Sizes s{21, 30, 40};
  std::vector<_Float16> x(21 * 40), w(30 * 40), y(21 * 30);
  for (auto* all : {&x, &w})
    for (_Float16& element : *all) element = Element<_Float16>::make(random);
  program.run("chunks", {64}, {64}, {buffer(x), buffer(w), buffer(y), value(s)});
  for (size_t row = 0; row < 21; ++row)
    for (size_t column = 0; column < 30; ++column) {
      double want = 1;
      for (size_t k = 0; k < 40; ++k) want += number(x[row * 40 + k]) * number(w[column * 40 + k]);
      want = 2 * want + static_cast<double>(column + 100 * row);
      REQUIRE(std::fabs(number(y[row * 30 + column]) - want) <= 0x1p-10 * (20 + std::fabs(want)));
    }

  std::vector<float> from(9 * 5), to(7 * 4 + 1, -1.0f);
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
  program.run("back", {64}, {64}, {buffer(from), buffer(to)});
  for (size_t i = 0; i < 28; ++i) REQUIRE(to[i] == from[i / 7 * 9 + i % 7]);
  REQUIRE(to[28] == -1.0f);

  std::vector<float> out(24);
  program.run("views", {1}, {1}, {buffer(out)});
  CHECK(out[1 + 4 + 12] == 1.0f);
  CHECK(out[2 + 8 + 12] == 2.0f);
  CHECK(out[0] == 3.0f + 10.0f);
  CHECK(out[1] == 4.0f + 1200.0f + 20000.0f);
}

TEST_CASE("what is unsupported of tensors says so where it is used") {
  const auto error = [](const std::string& body) { return language::compile_error(kHead + body); };
  const std::string handle = error(
      "kernel void k(tensor<device half, dextents<int, 2>> t [[buffer(0)]], device half* out) { "
      "out[0] = 0; }\n");
  CHECK_MESSAGE(
      handle.find("tensor_handle: Anvil binds buffers and textures, no tensors; supported: "
                  "tensor_inline, made from a pointer") != std::string::npos,
      handle);
  const std::string element = error(R"(
kernel void k(device int* a [[buffer(0)]], device float* c [[buffer(1)]]) {
  auto t = tensor(a, dextents<int, 2>(8, 8));
  auto d = tensor(c, dextents<int, 2>(8, 8));
  matmul2d<matmul2d_descriptor(8, 8, 8), execution_simdgroup> multiply;
  multiply.run(t, t, d);
}
)");
  CHECK_MESSAGE(
      element.find("matmul2d: unsupported element; supported: float, half, bfloat, int8_t "
                   "and uint8_t, as destination float, half, bfloat and int") != std::string::npos,
      element);
}
