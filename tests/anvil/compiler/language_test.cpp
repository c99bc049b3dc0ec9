// MSL that has no counterpart in C++, through to numbers.
#include <cmath>

#include "compiler.hpp"

using compiler_test::Session;

namespace {

constexpr const char* kHeader = "#include <metal_stdlib>\nusing namespace metal;\n";

template <class T>
std::vector<T> run(const std::string& source, const char* function, std::vector<T> data,
                   uint32_t threads = 32, bool full = true) {
  Session session;
  session.compile(kHeader + source, function, full);
  session.run({data.data()}, {threads, 1, 1}, {std::min(threads, 32u), 1, 1});
  return data;
}

}  // namespace

TEST_CASE("half arithmetic rounds after every operation, unsuffixed literals are float") {
  const auto out = run<float>(R"(
kernel void f(device float* x, uint i [[thread_position_in_grid]]) {
  half a = 2048, b = a + 1.0h + 1.0h;    // 2049 is no half
  x[i] = i == 0 ? float(b) : i == 1 ? sizeof(1.0) : i == 2 ? sizeof(1.0h) : float(bfloat(257.0bf));
}
)",
                              "f", std::vector<float>(32));
  CHECK(out[0] == 2048);
  CHECK(out[1] == 4);
  CHECK(out[2] == 2);
  CHECK(out[3] == 256);
}

TEST_CASE("metal::precise and metal::fast are of floats, whatever they are given") {
  const auto out = run<float>(R"(
kernel void f(device float* x, uint i [[thread_position_in_grid]]) {
  const half h = 2.0h;
  static_assert(is_same_v<decltype(metal::exp(h)), half>, "");
  static_assert(is_same_v<decltype(metal::precise::exp(h)), float>, "");
  static_assert(is_same_v<decltype(metal::fast::pow(h, h)), float>, "");
  static_assert(is_same_v<decltype(metal::precise::exp(bfloat(1))), float>, "");
  x[i] = 1.0f / (1.0f + metal::precise::exp(h));  // no half in between
}
)",
                              "f", std::vector<float>(32));
  CHECK(std::abs(out[0] - 0.119202922f) < 1e-8f);  // float's rounding; a half's is 6e-5
}

TEST_CASE("threadgroup variables are shared, also those with constructors and in templates") {
  std::vector<int> data(32);
  for (int i = 0; i < 32; ++i) data[i] = i * i;
  const auto out = run<int>(R"(
struct Pair { int a, b; Pair() : a(9), b(9) {} Pair(int x, int y) : a(x), b(y) {} };
template <typename T, int N> T reversed(device int* x, uint i) {
  threadgroup T buffer[N];
  buffer[i] = T(x[i], int(i));
  simdgroup_barrier(mem_flags::mem_threadgroup);
  return buffer[N - 1 - i];
}
kernel void f(device int* x, uint i [[thread_position_in_grid]]) {
  const Pair p = reversed<Pair, 32>(x, i);
  x[i] = p.a * 100 + p.b;
}
)",
                            "f", data);
  for (int i = 0; i < 32; ++i) CHECK(out[i] == (31 - i) * (31 - i) * 100 + 31 - i);
}

TEST_CASE("overloads on address spaces collapse, constant tables are read") {
  const auto out = run<float>(R"(
constant float table[4] = {1, 10, 100, 1000};
float pick(constant float* p, int i) { return p[i]; }
float pick(device float* p, int i) { return p[i] + 0.5; }
float pick(thread float* p, int i) { return p[i] + 0.5; }
kernel void f(device float* x, uint i [[thread_position_in_grid]]) {
  float local[4] = {1, 2, 3, 4};
  x[i] = pick(table, i & 3) + pick(local, i & 3);
}
)",
                              "f", std::vector<float>(32));
  const float table[] = {1, 10, 100, 1000};
  for (int i = 0; i < 32; ++i) CHECK(out[i] == table[i & 3] + (i & 3) + 1.5f);
}

TEST_CASE("unroll pragmas with any count compile and change nothing") {
  const auto out = run<int>(R"msl(
template <int N> int sum(int x) {
  int s = 0;
  #pragma unroll(N)
  for (int i = 0; i < N; ++i) s += x + i;
  _Pragma("clang loop unroll(full)") for (int i = 0; i < N; ++i) s += 1;
  #pragma unroll
  for (int i = 0; i < N; ++i) s += 2;
  #pragma METAL internals : enable
  return s;
}
kernel void f(device int* x, uint i [[thread_position_in_grid]]) { x[i] = sum<5>(x[i]); }
)msl",
                            "f", std::vector<int>(32, 3));
  for (int value : out) CHECK(value == 15 + 10 + 5 + 10);
}

TEST_CASE("lanes beyond the threadgroup's end touch nothing") {
  std::vector<int> data(64, -1);
  const auto out = run<int>(
      "kernel void f(device int* x, uint i [[thread_position_in_grid]]) { x[i] = int(i); }\n", "f",
      data, 45, false);
  for (int i = 0; i < 64; ++i) CHECK(out[i] == (i < 45 ? i : -1));
}

TEST_CASE("the same kernel compiles to the same bytes") {
  Session first, second;
  const std::string source =
      std::string(kHeader) + "kernel void f(device float* x) { x[0] = sin(x[1]); }\n";
  first.compile(source, "f");
  second.compile(source, "f");
  CHECK(compiler_test::read(first.path("kernel.so")) ==
        compiler_test::read(second.path("kernel.so")));
}
