// simdgroup_matrix: loads, stores, products and the layout that kernels count on (MSL 6.7).
#include <bit>
#include <cmath>

#include "program.hpp"

using language::buffer;
using language::Program;

namespace {

constexpr const char* kSource = R"(
#include <metal_stdlib>
#include <metal_simdgroup_matrix>
using namespace metal;
// c = a b + 1 for 16x24 times 24x16, row-major, 8x8 by 8x8; b is given transposed.
template <typename T>
kernel void multiply(device const T* a [[buffer(0)]], device const T* b [[buffer(1)]],
                     device float* c [[buffer(2)]], uint g [[threadgroup_position_in_grid]]) {
  const ushort row = g / 2 * 8, column = g % 2 * 8;
  simdgroup_matrix<float, 8, 8> sum = make_filled_simdgroup_matrix<float, 8>(1.f);
  for (ushort k = 0; k < 24; k += 8) {
    simdgroup_matrix<T, 8, 8> ma, mb;
    simdgroup_load(ma, a + row * 24 + k, 24);
    simdgroup_load(mb, b, 24, ulong2(k, column), true);
    simdgroup_multiply_accumulate(sum, ma, mb, sum);
  }
  simdgroup_store(sum, c + row * 16 + column, 16, 0, false);
}
template [[host_name("multiply_float")]] kernel void multiply<float>(device const float*, device const float*, device float*, uint);
template [[host_name("multiply_half")]] kernel void multiply<half>(device const half*, device const half*, device float*, uint);
template [[host_name("multiply_bfloat")]] kernel void multiply<bfloat>(device const bfloat*, device const bfloat*, device float*, uint);

kernel void layout(device float* out [[buffer(0)]], ushort lane [[thread_index_in_simdgroup]]) {
  threadgroup float tile[64];
  for (ushort i = lane; i < 64; i += 32) tile[i] = i;
  simdgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_float8x8 m;
  simdgroup_load(m, tile, 8);
  out[lane * 2] = m.thread_elements()[0];
  out[lane * 2 + 1] = m.thread_elements()[1];
  simdgroup_float8x8 twice(2.0f);
  m.thread_elements() *= 3.0f;
  simdgroup_multiply(m, twice, m);
  simdgroup_store(m, out + 64, 8, 0, true);
}
)";

// The upper half of a float; the C++ library at hand has no conversions for clang's own __bf16.
struct Bfloat {
  uint16_t bits = 0;
  Bfloat() = default;
  explicit Bfloat(float v) : bits(static_cast<uint16_t>(std::bit_cast<uint32_t>(v) >> 16)) {}
  explicit operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

template <class T>
void check_product(Program& program, const char* kernel) {
  std::vector<T> a(16 * 24), b(16 * 24);
  std::vector<float> c(16 * 16);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<T>(std::sin(static_cast<float>(i)));
    b[i] = static_cast<T>(std::cos(static_cast<float>(i) * 0.7f));
  }
  program.run(kernel, {4 * 32}, {32}, {buffer(a), buffer(b), buffer(c)});
  for (size_t i = 0; i < 16; ++i)
    for (size_t j = 0; j < 16; ++j) {
      double want = 1;
      for (size_t k = 0; k < 24; ++k)
        want += static_cast<double>(static_cast<float>(a[i * 24 + k])) *
                static_cast<float>(b[j * 24 + k]);
      // 24 products accumulated in float.
      REQUIRE(std::fabs(c[i * 16 + j] - want) < 24 * 1e-6);
    }
}

}  // namespace

TEST_CASE("simdgroup matrices multiply in float, half and bfloat") {
  Program program(kSource);
  check_product<float>(program, "multiply_float");
  check_product<_Float16>(program, "multiply_half");
  check_product<Bfloat>(program, "multiply_bfloat");
}

TEST_CASE("a lane holds two neighbours of one row, as on Apple's GPUs") {
  Program program(kSource);
  std::vector<float> out(128);
  program.run("layout", {32}, {32}, {buffer(out)});
  for (int lane = 0; lane < 32; ++lane) {
    const int quad = lane / 4, row = (quad & 4) + lane / 2 % 4,
              column = (quad & 2) * 2 + lane % 2 * 2;
    CHECK(out[lane * 2] == row * 8 + column);
    CHECK(out[lane * 2 + 1] == row * 8 + column + 1);
  }
  for (int i = 0; i < 64; ++i) REQUIRE(out[64 + i] == 6.0f * ((i % 8) * 8 + i / 8));
}
