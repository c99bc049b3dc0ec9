#include "oracle.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

using namespace anvil::oracle;

namespace {

constexpr auto kHead = "#include <metal_stdlib>\nusing namespace metal;\n";

std::vector<float> ramp(size_t count, float step = 0.37f) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = step * static_cast<float>(i) - 5;
  return values;
}

Case make(const std::string& body, std::vector<Buffer> buffers, std::array<uint32_t, 3> grid,
          std::array<uint32_t, 3> threadgroup) {
  Case test;
  test.source = kHead + body;
  test.function = "k";
  test.buffers = std::move(buffers);
  test.grid = grid;
  test.threadgroup = threadgroup;
  return test;
}

}  // namespace

TEST_CASE("axpy, on whole and ragged grids, also gives the right numbers") {
  const std::string source =
      "kernel void k(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
      "              constant float& a [[buffer(2)]], uint i [[thread_position_in_grid]]) {\n"
      "  y[i] = a * x[i] + y[i];\n"
      "}\n";
  for (const uint32_t threads : {1u, 31u, 32u, 100u, 256u}) {
    const std::vector<float> x = ramp(threads), y = ramp(threads, 2), a{3};
    const auto result = compare_with_oracle(
        make(source, {Buffer::of(x), Buffer::of(y, Element::float32, 0), Buffer::of(a)},
             {threads, 1, 1}, {64, 1, 1}));
    CHECK(result.difference == "");
    REQUIRE(result.buffers.size() == 3);
    const auto got = result.buffers[1].as<float>();
    // One rounding or two: with and without fusing.
    for (size_t i = 0; i < threads; ++i) CHECK(got[i] == doctest::Approx(3 * x[i] + y[i]));
  }
}

TEST_CASE("a sum over a threadgroup, through threadgroup memory and barriers") {
  std::vector<uint32_t> values(512);
  std::iota(values.begin(), values.end(), 7u);
  auto test = make(
      "kernel void k(device const uint* x [[buffer(0)]], device uint* y [[buffer(1)]],\n"
      "              threadgroup uint* partial [[threadgroup(0)]],\n"
      "              uint i [[thread_position_in_grid]], uint lid "
      "[[thread_index_in_threadgroup]],\n"
      "              uint sg [[simdgroup_index_in_threadgroup]], uint lane "
      "[[thread_index_in_simdgroup]],\n"
      "              uint group [[threadgroup_position_in_grid]]) {\n"
      "  threadgroup uint total;\n"
      "  const uint sum = simd_sum(x[i]);\n"
      "  if (lane == 0) partial[sg] = sum;\n"
      "  threadgroup_barrier(mem_flags::mem_threadgroup);\n"
      "  if (lid == 0) { total = 0; for (uint s = 0; s < 4; ++s) total += partial[s]; }\n"
      "  threadgroup_barrier(mem_flags::mem_threadgroup);\n"
      "  y[i] = total;\n"
      "}\n",
      {Buffer::of(values), Buffer::of(std::vector<uint32_t>(512))}, {512, 1, 1}, {128, 1, 1});
  test.threadgroup_memory_length[0] = 16;
  const auto result = compare_with_oracle(test);
  CHECK(result.difference == "");
  REQUIRE(result.buffers.size() == 2);
  const auto sums = result.buffers[1].as<uint32_t>();
  for (uint32_t group = 0; group < 4; ++group)
    CHECK(sums[group * 128] ==
          std::accumulate(values.begin() + group * 128, values.begin() + (group + 1) * 128, 0u));
}

TEST_CASE("a simd operation in a divergent loop sees the lanes of its own turn") {
  const auto result = compare_with_oracle(
      make("kernel void k(device uint* y [[buffer(0)]], uint i [[thread_position_in_grid]],\n"
           "              uint lane [[thread_index_in_simdgroup]]) {\n"
           "  uint sum = 0;\n"
           "  for (uint n = 0; n < lane % 7; ++n) sum += simd_sum(1u) * (n + 1);\n"
           "  y[i] = sum;\n"
           "}\n",
           {Buffer::of(std::vector<uint32_t>(64))}, {64, 1, 1}, {64, 1, 1}));
  CHECK(result.difference == "");
  REQUIRE(result.buffers.size() == 1);
  const auto sums = result.buffers[0].as<uint32_t>();
  for (uint32_t lane = 0; lane < 32; ++lane) {
    uint32_t expected = 0;
    for (uint32_t n = 0; n < lane % 7; ++n) {
      uint32_t here = 0;
      for (uint32_t other = 0; other < 32; ++other) here += other % 7 > n;
      expected += here * (n + 1);
    }
    CHECK(sums[lane] == expected);
  }
}

TEST_CASE("function constants, half, bfloat, 64-bit integers, structures") {
  auto test = make(
      "constant uint tile [[function_constant(0)]];\n"
      "struct Item { half h; uchar4 c; long n; bfloat b; };\n"
      "kernel void k(device Item* items [[buffer(0)]], uint i [[thread_position_in_grid]]) {\n"
      "  device Item& item = items[i];\n"
      "  item.h = item.h * half(1.37h) + half(tile);\n"
      "  item.c = item.c.zxyw + uchar4(1, 2, 3, 4);\n"
      "  item.n = (item.n * 77777777777l) >> (i & 15);\n"
      "  item.b = bfloat(float(item.h) / 3.0f);\n"
      "}\n",
      {}, {40, 1, 1}, {32, 1, 1});
  std::vector<uint8_t> items(40 * 24);
  for (size_t i = 0; i < items.size(); ++i) items[i] = static_cast<uint8_t>(i * 31 % 120);
  test.buffers = {Buffer::of(items, Element::bits8)};
  test.constants = {{0, "", "uint", {std::byte{3}, {}, {}, {}}}};
  CHECK_AGAINST_ORACLE(test);
}

TEST_CASE("what goes wrong is told with where") {
  auto test = make(
      "kernel void k(device uint* y [[buffer(0)]], uint i [[thread_position_in_grid]])\n"
      "{ y[i + 1] = i; }\n",
      {Buffer::of(std::vector<uint32_t>(32))}, {32, 1, 1}, {32, 1, 1});
  CHECK(compare_with_oracle(test).difference.find(
            "the interpreter: store of 4 bytes outside 'buffer 0' of 128 bytes, at offset 128") ==
        0);
  test.source = "kernel void k() { nonsense; }";
  const std::string error = compare_with_oracle(test).difference;
  CHECK(error.find("compiling the library: program_source:1:") == 0);
  CHECK(error.find("undeclared identifier 'nonsense'") != std::string::npos);
}
