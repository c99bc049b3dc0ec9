// Divergent control flow, function constants, templates and host names: every lane gets the result
// that it would get alone.
#include <algorithm>
#include <numeric>
#include <random>
#include <string>

#include "expressions.hpp"

using language::buffer;
using language::check_expressions;
using language::Expression;
using language::Inputs;
using language::Program;
using language::value;

namespace {

constexpr const char* kFunctions = R"(
int collatz(int n) {
  int steps = 0;
  while (n != 1) {
    n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    ++steps;
  }
  return steps;
}
int classify(int v) {
  switch (v % 7) {
    case 0: return 10;
    case 1:
    case 2: v += 100; break;
    case -3: v *= 2;
    case 4: v -= 1; break;
    default:
      if (v > 20) return -v;
      v = 0;
  }
  return v + 1;
}
float bisect(float target) {
  float low = 0, high = 4;
  for (int k = 0; k < 60; ++k) {
    const float middle = (low + high) / 2;
    if (middle * middle < target) low = middle;
    else high = middle;
    if (high - low < 1e-6f) break;
  }
  return low;
}
template <typename T, int N>
struct Stack {
  T items[N];
  int size = 0;
  void push(T v) { if (size < N) items[size++] = v; }
  T pop() { return size > 0 ? items[--size] : T(-1); }
};
int with_goto_like_exits(int a, int b) {
  int found = -1;
  for (int i = 0; i < b && found < 0; ++i) {
    for (int j = 0; j < 8; ++j) {
      if (i * 8 + j == abs(a)) { found = i * 100 + j; break; }
      if (j > i + 3) break;
    }
  }
  return found;
}
int greatest_divisor(int a, int b) { return b == 0 ? a : greatest_divisor(b, a % b); }
int twice(int v) { return 2 * v; }
int loops(int v) { int n = 0; while (v > 3) { v /= 2; ++n; } return n; }
int next(int v) { return v + 1; }
using Operation = int (*)(int);
constant constexpr Operation kOperations[] = {twice, loops, next};
int two_entries(int a, int b) {
  int n = 0;
  switch (int(a > 0)) {
    case 0:
      do {
        n += 10;
    default:
        n += 1;
      } while (--b > 0);
  }
  return n;
}
struct Pair { long sum; long product; };
Pair both(int a, int b) { return a > 0 ? Pair{a + b, long(a) * b} : Pair{a, b}; }
)";

int collatz(int n) {
  int steps = 0;
  for (; n != 1; ++steps) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
  return steps;
}
int classify(int v) {
  switch (v % 7) {
    case 0:
      return 10;
    case 1:
    case 2:
      v += 100;
      break;
    case -3:
      v *= 2;
      [[fallthrough]];
    case 4:
      v -= 1;
      break;
    default:
      if (v > 20) return -v;
      v = 0;
  }
  return v + 1;
}
int exits(int a, int b) {
  int found = -1;
  for (int i = 0; i < b && found < 0; ++i)
    for (int j = 0; j < 8; ++j) {
      if (i * 8 + j == std::abs(a)) {
        found = i * 100 + j;
        break;
      }
      if (j > i + 3) break;
    }
  return found;
}

const Expression kDivergent[] = {
    {"greatest_divisor(abs(a), b)",
     [](const Inputs& in) { return std::gcd(std::abs(in.a), in.b); }},
    {"kOperations[i % 3](b)",
     [](const Inputs& in) {
       int loops = 0;
       for (int v = in.b; v > 3; v /= 2) ++loops;
       return in.i % 3 == 0 ? 2 * in.b : in.i % 3 == 1 ? loops : in.b + 1;
     }},
    {"two_entries(a, b)",
     [](const Inputs& in) {
       const int turns = std::max(in.b, 1);
       return 11 * turns - (in.a > 0 ? 10 : 0);
     }},
    {"Pair p = both(a, b); r = p.sum + 2 * p.product;",
     [](const Inputs& in) { return in.a > 0 ? in.a + in.b + 2 * in.a * in.b : in.a + 2 * in.b; }},
    {"collatz(b)", [](const Inputs& in) { return collatz(in.b); }},
    {"classify(a)", [](const Inputs& in) { return classify(in.a); }},
    {"bisect(abs(x))", [](const Inputs& in) { return std::sqrt(std::fabs(double{in.x})); }, 4e-6},
    {"with_goto_like_exits(a, b)", [](const Inputs& in) { return exits(in.a, in.b); }},
    {"Stack<int, 8> s; for (int k = 0; k < b; ++k) s.push(k * a); r = s.pop() + s.size;",
     [](const Inputs& in) {
       const int size = std::min(in.b, 8);
       return (size - 1) * in.a + size - 1;
     }},
    {"float v[8]; for (int k = 0; k < 8; ++k) v[(k * 3 + b) & 7] = k * x; r = v[a & 7];",
     [](const Inputs& in) {
       float v[8];
       for (int k = 0; k < 8; ++k) v[(k * 3 + in.b) & 7] = static_cast<float>(k) * in.x;
       return v[in.a & 7];
     }},
    {"r = 0; int k = b; do { r += k; if (k == 5) continue; r += 0.5f; } while (--k > 0);",
     [](const Inputs& in) {
       double r = 0;
       for (int k = in.b; k > 0; --k) r += k + (k == 5 ? 0 : 0.5);
       return r;
     }},
    {"r = a > 0 && b / a > 2 ? x : a < 0 || x > 0 ? y : 1.0f;",
     [](const Inputs& in) {
       return in.a > 0 && in.b / in.a > 2 ? in.x : in.a < 0 || in.x > 0 ? in.y : 1.0f;
     }},
    {"auto twice = [=](float v) { return v * 2 + x; }; r = twice(y) + twice(1);",
     [](const Inputs& in) { return in.y * 2.0 + in.x + 2 + in.x; }, 1e-6},
    {"if (i % 5 == 0) { r = 7; } else { if (x > 1) { r = 1; } else { r = y > 0 ? 2 : 3; } }",
     [](const Inputs& in) {
       return in.i % 5 == 0 ? 7 : in.x > 1 ? 1 : in.y > 0 ? 2 : 3;
     }},
};

}  // namespace

TEST_CASE("divergent loops, switches and calls") {
  check_expressions(kDivergent, language::usual_inputs(), kFunctions);
}

// With AVX-512 each of these may be one instruction under a mask:
// cpp/anvil/compiler/cpu/bit_merges.hpp.
TEST_CASE("bits of another value are inserted in some of the lanes") {
  const char* const merges[] = {
      "(a & ~bits) | (b & bits)",
      "(b & bits) | (a & ~bits)",
      "(a & ~bits) | (in[lane + 96] & bits)",
      "(in[lane + 96] & bits) | (a & ~bits)",
      "a ^ ((a ^ b) & bits)",
      "b ^ ((a ^ b) & ~bits)",
  };
  std::string source = R"(
#include <metal_stdlib>
using namespace metal;
#define MERGE(name, ...)                                                                       \
  kernel void name(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]],         \
                   uint lane [[thread_index_in_simdgroup]]) {                                  \
    const uint a = in[lane] * 3, b = in[lane + 32] * 3, c = in[lane + 64], bits = 5u << lane;  \
    out[lane] = c & 1 ? __VA_ARGS__ : a;                                                       \
  }
)";
  for (size_t k = 0; k < std::size(merges); ++k)
    source += "MERGE(merge" + std::to_string(k) + ", " + merges[k] + ")\n";
  Program program(source);
  std::mt19937 random(3);
  std::vector<uint32_t> in(128), out(32);
  for (uint32_t lane = 0; lane < 96; ++lane) in[lane] = random();
  // b as it is computed, to be had from memory.
  for (uint32_t lane = 0; lane < 32; ++lane) in[lane + 96] = in[lane + 32] * 3;
  for (size_t k = 0; k < std::size(merges); ++k) {
    CAPTURE(std::string(merges[k]));
    program.run(("merge" + std::to_string(k)).c_str(), {32}, {32}, {buffer(in), buffer(out)});
    for (uint32_t lane = 0; lane < 32; ++lane) {
      const uint32_t a = in[lane] * 3, b = in[lane + 32] * 3, bits = 5u << lane;
      CHECK(out[lane] == (in[lane + 64] & 1 ? (a & ~bits) | (b & bits) : a));
    }
  }
}

TEST_CASE("lanes that return early write nothing more") {
  Program program(R"(
#include <metal_stdlib>
kernel void early(device float* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  if (i % 3 == 1) return;
  out[i] = 1;
  for (uint k = 0; k < i; ++k) {
    if (k * k > i) return;
    out[i] += 1;
  }
  out[i] = -1;
}
)");
  std::vector<float> out(100, 5);
  program.run("early", {100}, {64}, {buffer(out)});
  for (uint32_t i = 0; i < 100; ++i) {
    float want = 5;
    if (i % 3 != 1) {
      want = 1;
      bool returned = false;
      for (uint32_t k = 0; k < i && !returned; ++k) {
        returned = k * k > i;
        if (!returned) want += 1;
      }
      if (!returned) want = -1;
    }
    REQUIRE(out[i] == want);
  }
}

TEST_CASE("function constants choose code when the kernel is made") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
constant bool kDouble [[function_constant(0)]];
constant int kAdd [[function_constant(1)]];
constant float kScale [[function_constant(7)]];
constant bool kHasAdd = is_function_constant_defined(kAdd);
constant int kStep = kHasAdd ? kAdd : 1000;
kernel void adjust(device float* v [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  float x = v[i];
  if (kDouble) x *= 2;
  v[i] = x * kScale + kStep;
}
)");
  const bool twice = true, once = false;
  const int32_t add = 3;
  const float scale = 0.5f;
  const language::Constant with_add[] = {
      {0, MTL::DataTypeBool, &twice}, {1, MTL::DataTypeInt, &add}, {7, MTL::DataTypeFloat, &scale}};
  std::vector<float> v{1, 2, 3};
  program.run("adjust", {3}, {3}, {buffer(v)}, {with_add[0], with_add[1], with_add[2]});
  CHECK(v == std::vector<float>{4, 5, 6});
  v = {1, 2, 3};
  program.run("adjust", {3}, {3}, {buffer(v)}, {{0, MTL::DataTypeBool, &once}, with_add[2]});
  CHECK(v == std::vector<float>{1000.5, 1001, 1001.5});
}

TEST_CASE("templates instantiate under their host names") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
template <typename T, int N>
[[kernel]] void fill(device T* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  out[i] = T(i) * T(N);
}
#define instantiate(name, ...) \
  template [[host_name(name)]] [[kernel]] decltype(fill<__VA_ARGS__>) fill<__VA_ARGS__>;
instantiate("fill_float_3", float, 3)
instantiate("fill_ushort_5", ushort, 5)
)");
  std::vector<float> f(40);
  std::vector<uint16_t> u(40);
  program.run("fill_float_3", {40}, {40}, {buffer(f)});
  program.run("fill_ushort_5", {40}, {40}, {buffer(u)});
  for (uint32_t i = 0; i < 40; ++i) CHECK((f[i] == i * 3.0f && u[i] == i * 5));
}

TEST_CASE("what Anvil does not have is an error that says so") {
  const std::string log = language::compile_error(
      "#include <metal_stdlib>\nusing namespace metal;\n"
      "kernel void get(tensor<float, dextents<int, 2>> t, device float* out [[buffer(0)]]) "
      "{ out[0] = 1; }\n");
  CHECK_MESSAGE(log.find("no tensors") != log.npos, log);
  const std::string missing = language::compile_error(
      "#include <metal_stdlib>\nkernel void f(device float* out [[buffer(0)]]) {\n  out[0] = "
      "nothing;\n}\n");
  CHECK_MESSAGE(
      missing.find(":3:12: error: use of undeclared identifier 'nothing'") != missing.npos,
      missing);
}

TEST_CASE("a function that calls itself and ends is none that recurs") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
// PyTorch's Bessel functions are written so.
template <typename T> float mirrored(T x) {
  if (x < 0) return -mirrored(-x);
  return x <= 5 ? float(x) * x : 10.0f;
}
// So are its gamma functions, each by the other where it is better.
float large(float x);
float small(float x) { return x < 12 ? x * 3 + 1 : large(x); }
float large(float x) { return x < 12 ? abs(small(abs(x))) : x * 2; }
int even(int n) { if (n & 1) return 2 * even(n ^ 1) + 7; return n; }
int product(int n) { return n <= 1 ? 1 : n * product(n - 1); }
int divisor(int a, int b) { return b == 0 ? a : divisor(b, a % b); }
kernel void recurs(device const int* in, device float* x, device int4* y,
                   uint i [[thread_position_in_grid]]) {
  x[i] = mirrored(float(in[i])) + mirrored(in[i]) + small(float(in[i]) * 2);
  y[i] = int4(even(in[i]), product(in[i]), divisor(in[i] + 100, 12), 0);
}
)");
  std::vector<int32_t> in(77), y(77 * 4);
  std::vector<float> x(77);
  for (int i = 0; i < 77; ++i) in[i] = i % 23 - 11;
  program.run("recurs", {77}, {32}, {buffer(in), buffer(x), buffer(y)});
  for (int i = 0; i < 77; ++i) {
    const int n = in[i], size = n < 0 ? -n : n;
    const int square = size <= 5 ? size * size : 10;
    const int gamma = n * 2 < 12 ? n * 6 + 1 : n * 4;
    CHECK(x[i] == static_cast<float>((n < 0 ? -2 * square : 2 * square) + gamma));
    int product = 1;
    for (int k = 2; k <= n; ++k) product *= k;
    CHECK(y[i * 4] == ((n & 1) ? 2 * (n ^ 1) + 7 : n));
    CHECK(y[i * 4 + 1] == product);
    CHECK(y[i * 4 + 2] == std::gcd(n + 100, 12));
  }
}
