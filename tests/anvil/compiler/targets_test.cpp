// The code for CPUs other than this one: what it is made of, for it cannot run here.
#include <regex>
#include <string>

#include "compiler.hpp"

using compiler_test::Output;
using compiler_test::Session;

namespace {

constexpr auto kHead = "#include <metal_stdlib>\nusing namespace metal;\n";

/// The assembly of kernel `k`.
std::string assembly(const std::string& source, const std::string& target, const std::string& cpu,
                     const std::string& variant = "full") {
  Session session;
  const Output library = session.library(kHead + source);
  REQUIRE_MESSAGE(library.exit_code == 0, library.errors);
  const Output kernel = session.kernel("k", {"--target", target, "--cpu", cpu, "--variant", variant,
                                             "--emit-assembly", session.path("assembly")});
  REQUIRE_MESSAGE(kernel.exit_code == 0, kernel.errors);
  return compiler_test::read(session.path("assembly"));
}

unsigned count(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  return unsigned(std::distance(std::sregex_iterator(text.begin(), text.end(), expression),
                                std::sregex_iterator()));
}

constexpr auto kAxpy =
    "kernel void k(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
    "              constant float& a [[buffer(2)]], uint i [[thread_position_in_grid]])\n"
    "{ y[i] = fma(a, x[i], y[i]); }\n";

// A row a simdgroup, eight halves a lane: the inner loop of a matrix-vector product.
constexpr auto kGemv =
    "kernel void k(device const half* w [[buffer(0)]], device const half* x [[buffer(1)]],\n"
    "              device float* y [[buffer(2)]], constant uint& columns [[buffer(3)]],\n"
    "              uint row [[threadgroup_position_in_grid]],\n"
    "              uint lane [[thread_index_in_simdgroup]]) {\n"
    "  float sum = 0;\n"
    "  for (uint i = lane * 8; i < columns; i += 256) {\n"
    "    const device half4* a = (const device half4*)(w + row * columns + i);\n"
    "    const device half4* b = (const device half4*)(x + i);\n"
    "    for (uint j = 0; j < 2; ++j) sum += dot(float4(a[j]), float4(b[j]));\n"
    "  }\n"
    "  sum = simd_sum(sum);\n"
    "  if (lane == 0) y[row] = sum;\n"
    "}\n";

// A condition that differs from lane to lane, on the way of values.
constexpr auto kDiverging =
    "kernel void k(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
    "              uint i [[thread_position_in_grid]]) {\n"
    "  float v = x[i];\n"
    "  uint n = 0;\n"
    "  while (v > 1) { v *= 0.5f; ++n; }\n"
    "  y[i] = v + float(simd_sum(n));\n"
    "}\n";

// Sums of what lies `step` floats apart, 32 lanes side by side, in a buffer or in threadgroup
// memory.
std::string strided_sum(const std::string& memory, const std::string& step) {
  return "kernel void k(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
         "              constant uint& stride [[buffer(2)]], constant uint& count [[buffer(3)]],\n"
         "              uint lane [[thread_index_in_simdgroup]]) {\n"
         "  threadgroup float own[4096];\n"
         "  own[lane] = x[lane];\n"
         "  threadgroup_barrier(mem_flags::mem_threadgroup);\n"
         "  float sum = 0;\n"
         "  for (uint i = 0; i < count; ++i) sum += " +
         memory + "[ulong(i) * " + step +
         " + lane];\n"
         "  y[lane] = sum;\n"
         "}\n";
}

}  // namespace

TEST_CASE("aarch64: adjacent lanes are vectors, no lane is on its own") {
  const std::string text = assembly(kAxpy, "aarch64-linux-gnu", "generic");
  CHECK(count(text, R"(\bfmla\s+v\d+\.4s)") == 8);
  CHECK(count(text, R"(\bld[pru]+\s+q\d+)") >= 8);
  CHECK(count(text, R"(\bst[pru]+\s+q\d+)") >= 4);
  CHECK(count(text, R"(\bfmadd\s+s)") == 0);
}

TEST_CASE("aarch64: a matrix-vector product multiplies vectors of floats") {
  const std::string text = assembly(kGemv, "aarch64-linux-gnu", "generic");
  CHECK(count(text, R"(\bfmla\s+v\d+\.4s)") >= 32);
  CHECK(count(text, R"(\bfcvtl2?\s+v)") >= 32);
  CHECK(count(text, R"(\bfmadd\s+s)") == 0);
  CHECK(count(text, R"(\bfcvt\s+s)") == 0);
}

TEST_CASE("aarch64: masks stay in vectors") {
  for (const char* variant : {"full", "any"}) {
    CAPTURE(variant);
    const std::string text = assembly(kDiverging, "aarch64-linux-gnu", "generic", variant);
    CHECK(count(text, R"(\bfmul\s+v\d+\.4s)") >= 8);
    // Taking lanes out of a mask one by one, or putting them in, would show here.
    CHECK(count(text, R"(\b(umov|smov)\s+w)") <= 8);
    CHECK(count(text, R"(\bfmul\s+s)") == 0);
  }
}

TEST_CASE("AVX-512 code uses the wide registers, AVX2 code does not") {
  for (const char* cpu : {"skylake-avx512", "sapphirerapids", "znver4"}) {
    CAPTURE(cpu);
    CHECK(count(assembly(kAxpy, "x86_64-linux-gnu", cpu), "vfmadd[0-9]+ps.*%zmm") == 2);
  }
  const std::string text = assembly(kAxpy, "x86_64-linux-gnu", "x86-64-v3");
  CHECK(count(text, "vfmadd[0-9]+ps.*%ymm") == 4);
  CHECK(count(text, "%zmm") == 0);
}

TEST_CASE("an architecture or a processor that kernels cannot be for is refused") {
  Session session;
  REQUIRE(session.library(std::string(kHead) + kAxpy).exit_code == 0);
  const Output wasm = session.kernel("k", {"--target", "wasm32-unknown-unknown"});
  CHECK(wasm.exit_code == 70);
  CHECK(wasm.errors.find("unsupported target 'wasm32-unknown-unknown'; supported: x86_64, "
                         "aarch64") != std::string::npos);
  const Output old = session.kernel("k", {"--target", "x86_64-linux-gnu", "--cpu", "nehalem"});
  CHECK(old.exit_code == 70);
  CHECK(old.errors.find("processor 'nehalem' lacks avx2; kernels need x86-64-v3") !=
        std::string::npos);
}

TEST_CASE("what is linked for another architecture is its machine's") {
  Session session;
  REQUIRE(session.library(std::string(kHead) + kAxpy).exit_code == 0);
  REQUIRE(session.kernel("k", {"--target", "aarch64-linux-gnu"}).exit_code == 0);
  const std::string file = compiler_test::read(session.path("kernel.so"));
  constexpr size_t kMachineField = 18;
  constexpr char kAArch64 = char(183);
  REQUIRE(file.size() > kMachineField);
  CHECK(file[kMachineField] == kAArch64);
}

TEST_CASE("AVX-512: halves are loaded under a mask as halves, two bytes a lane") {
  const std::string text = assembly(
      "kernel void k(device const half* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
      "              constant uint& n [[buffer(2)]], uint i [[thread_position_in_grid]])\n"
      "{ if (i < n) y[i] = float(x[i]); }\n",
      "x86_64-linux-gnu", "sapphirerapids");
  CHECK(count(text, R"(vmovdqu16[^\n]*\{%k\d\} \{z\})") >= 1);
  CHECK(count(text, R"(vcvtph2psx?\b)") >= 1);
  CHECK(count(text, R"(vmovups[^\n]*\{%k\d\} \{z\})") == 0);
}

TEST_CASE("loops over buffers ask for memory ahead, a line at a time") {
  struct Machine {
    const char *target, *cpu, *prefetch;
  };
  for (const Machine& machine :
       {Machine{"x86_64-linux-gnu", "x86-64-v3", R"(\bprefetcht0\b)"},
        Machine{"x86_64-linux-gnu", "sapphirerapids", R"(\bprefetcht0\b)"},
        Machine{"aarch64-linux-gnu", "generic", R"(\bprfm\s+pldl1keep)"}}) {
    CAPTURE(machine.cpu);
    const auto prefetches = [&](const std::string& memory, const std::string& step) {
      return count(assembly(strided_sum(memory, step), machine.target, machine.cpu),
                   machine.prefetch);
    };
    CHECK(prefetches("x", "64") == 2);      // 128 bytes of every 256
    CHECK(prefetches("x", "stride") == 2);  // by the kernel's own argument
    CHECK(prefetches("x", "4096") == 0);    // pages apart
    CHECK(prefetches("own", "64") == 0);    // threadgroup memory
    // Indices of 32 bits, which as far as a compiler knows may wrap, and a step of two rows.
    const std::string indexed =
        "kernel void k(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
        "              constant uint& count [[buffer(2)]], constant uint& row [[buffer(3)]],\n"
        "              uint lane [[thread_index_in_simdgroup]]) {\n"
        "  device const float* own = x + ulong(row) * count;\n"
        "  float sum = 0;\n"
        "  for (uint first = 0; first + 64 <= count; first += 64) {\n"
        "    sum += own[first + lane] * own[first + 32 + lane];\n"
        "  }\n"
        "  y[lane] = sum;\n"
        "}\n";
    CHECK(count(assembly(indexed, machine.target, machine.cpu), machine.prefetch) == 4);
  }
}

TEST_CASE("what asks for many lines at once asks them into the second cache") {
  struct Machine {
    const char *target, *cpu, *first, *second;
  };
  const auto rows = [](int count) {  // of one line each, of every second
    std::string text =
        "kernel void k(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
        "              constant uint& n [[buffer(2)]], constant ulong& row [[buffer(3)]],\n"
        "              uint lane [[thread_index_in_simdgroup]]) {\n"
        "  float sum = 0;\n"
        "  for (uint i = 0; i < n; ++i) {\n";
    for (int r = 0; r < count; ++r)
      text += "    sum += (x + " + std::to_string(r) + " * row)[i * 32 + lane / 2];\n";
    return text + "  }\n  y[lane] = sum;\n}\n";
  };
  for (const Machine& machine :
       {Machine{"x86_64-linux-gnu", "sapphirerapids", R"(\bprefetcht0\b)", R"(\bprefetcht1\b)"},
        Machine{"aarch64-linux-gnu", "generic", R"(\bprfm\s+pldl1keep)",
                R"(\bprfm\s+pldl2keep)"}}) {
    CAPTURE(machine.cpu);
    const std::string eight = assembly(rows(8), machine.target, machine.cpu);
    CHECK(count(eight, machine.first) == 8);
    CHECK(count(eight, machine.second) == 0);
    const std::string nine = assembly(rows(9), machine.target, machine.cpu);
    CHECK(count(nine, machine.first) == 0);
    CHECK(count(nine, machine.second) == 9);
  }
}

TEST_CASE("a kernel compiles to the same code every time") {
  // Several regions that diverge one after the other: the order of what is made for each.
  std::string body;
  for (int part = 0; part < 8; ++part) {
    const std::string n = std::to_string(part);
    body += "  if (x[i + " + n + "] > " + n + ") {\n    uint c = 0;\n    while (x[c * i + " + n +
            "] > float(c)) { y[i] += x[c]; ++c; }\n    y[i + " + n +
            "] = float(c);\n  } else {\n    y[i] = " + n + ";\n  }\n";
  }
  Session session;
  const Output library = session.library(
      std::string(kHead) +
      "kernel void k(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
      "              uint i [[thread_position_in_grid]]) {\n" +
      body + "}\n");
  REQUIRE_MESSAGE(library.exit_code == 0, library.errors);
  const auto code = [&] {
    const Output kernel = session.kernel("k", {"--cpu", "x86-64-v3", "--target", "x86_64-linux-gnu",
                                               "--emit-assembly", session.path("assembly")});
    REQUIRE_MESSAGE(kernel.exit_code == 0, kernel.errors);
    return compiler_test::read(session.path("assembly"));
  };
  const std::string first = code();
  for (int again = 0; again < 3; ++again) CHECK(code() == first);
}
