// What the token pass makes of MSL, construct by construct; spacing aside, the text is golden.
#include "anvil/compiler/frontend/token_pass.hpp"

#include <doctest/doctest.h>

#include "anvil/compiler/source/edits.hpp"

namespace {

using anvil::compiler::run_token_pass;

// Runs of blanks become one.
std::string squeeze(const std::string& text) {
  std::string result;
  for (char c : text)
    if (c != ' ' || (!result.empty() && result.back() != ' ')) result += c;
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::string transform(const std::string& text) {
  return squeeze(anvil::compiler::EditedText(text, run_token_pass(text).edits).text());
}

#define NOTE(text) "__attribute__((annotate(\"anvil:" text "\")))"
#define NOTE1(text, argument) "__attribute__((annotate(\"anvil:" text "\", " argument ")))"

}  // namespace

TEST_CASE("address spaces become clang's qualifiers, constant is const as well") {
  CHECK(transform("device float* f(thread int& a, constant T* b);") ==
        "__global float* f(__anvil_thread int& a, const __constant T* b);");
  CHECK(transform("T operator()(int i) const threadgroup;") ==
        "T operator()(int i) const __local ;");
  CHECK(transform("(device const uint16_t*)p") == "(__global const uint16_t*)p");
  CHECK(transform("coherent(device) device int* p; volatile coherent device int* q;") ==
        "__global int* p; volatile __global int* q;");
  CHECK(transform("struct A { A(int x) constant : a(x) {} int a; };") ==
        "struct A { A(int x) __constant : a(x) {} int a; };");
}

TEST_CASE("parameters that are arrays become the pointers that they are") {
  CHECK(transform("int f(uint2 e, constant const int64_t strides[2]);") ==
        "int f(uint2 e, const __constant const int64_t (*strides) );");
  CHECK(transform("int f(device vec<T, 4> x[N][2], int i);") ==
        "int f(__global vec<T, 4> (*x) [2], int i);");
  CHECK(transform("int f(device T* x[2], thread T y[2]);") ==
        "int f(__global T* x[2], __anvil_thread T (*y) );");
  CHECK(transform("f(x[2], y[3]); { threadgroup T a[2]; }") ==
        "f(x[2], y[3]); { __local T a[2]; }");
}

TEST_CASE("an initialiser of constants means nothing for a threadgroup variable") {
  CHECK(transform("{ threadgroup T a[2] = {0, {-1.0f}}, b[1]; }") == "{ __local T a[2] , b[1]; }");
  for (const char* text : {"{ threadgroup T a[2] = {x}; }", "{ threadgroup T *a = {0}; }"})
    CHECK(transform(text) == std::string(text).replace(2, 11, "__local"));
}

TEST_CASE("an alignment may follow a specifier") {
  CHECK(transform("{ threadgroup alignas(16) int a; alignas(8) int b; }") ==
        "{ __local _Alignas(16) int a; alignas(8) int b; }");
  CHECK(transform("struct alignas(16) S { int a alignas(16); };") ==
        "struct alignas(16) S { int a alignas(16); };");
}

TEST_CASE("literals among arguments are in the constant address space") {
  CHECK(transform("constant os_log log(\"a\", \"b\" \"c\"); static_assert(n > 0, \"text\");") ==
        "const __constant os_log log(((const __constant char*)\"a\"), ((const __constant "
        "char*)\"b\" \"c\")); static_assert(n > 0, \"text\");");
  CHECK(transform("constant char t[] = \"a\"; void f() __attribute__((deprecated(\"x\")));") ==
        "const __constant char t[] = \"a\"; void f() __attribute__((deprecated(\"x\")));");
}

TEST_CASE("members and qualified names that look like keywords stay") {
  CHECK(transform("a.device = b->thread + ns::constant;") ==
        "a.device = b->thread + ns::constant;");
}

TEST_CASE("literals without a suffix are float, h and bf are half and bfloat") {
  CHECK(transform("1.0 2. .5 1e3 1.0f 1.0h 3h 2.5H 1.0bf 0x1.8p1 0xbf 0x1h 12 1'000.5") ==
        "1.0f 2.f .5f 1e3f 1.0f 1.0f16 3.0f16 2.5f16 __bf16(1.0f) 0x1.8p1f 0xbf 0x1h 12 1'000.5f");
}

TEST_CASE("a kernel's parameters carry their attributes") {
  CHECK(transform("kernel void f(device float* x[[buffer(0)]], constant P& p [[buffer(N + 1)]], "
                  "uint i [[thread_position_in_grid]]) {}") ==
        NOTE("kernel") " void f(__global float* x " NOTE1(
            "buffer",
            "0") ", const __constant P& p " NOTE1("buffer",
                                                  "N + 1") ", uint i " NOTE("thread_position_in_"
                                                                            "grid") ") {}");
  CHECK(transform("[[kernel, max_total_threads_per_threadgroup(64)]] void f(threadgroup T* m "
                  "[[threadgroup(1)]], device metal::array<device T*, 2>& a) {}") ==
        NOTE("kernel")
            NOTE1("max_total_threads_per_threadgroup", "64") " void f(__local T* m " NOTE1(
                "threadgroup", "1") ", __global metal::array<__global T*, 2>& a) {}");
}

TEST_CASE("C++'s own attributes stay") {
  CHECK(transform("[[nodiscard]] int f([[maybe_unused]] int a);") ==
        "[[nodiscard]] int f([[maybe_unused]] int a);");
  CHECK(transform("int x [[maybe_unused, buffer(1)]];") ==
        "int x " NOTE1("buffer", "1") " [[maybe_unused]];");
}

TEST_CASE("function constants become external, with a flag beside each") {
  CHECK(transform("constant bool flag [[function_constant(N)]];") ==
        "extern const __constant bool flag " NOTE1(
            "function_constant", "N") "; extern const bool __anvil_defined_flag;");
  CHECK(transform("static constant constexpr const int n [[function_constant(1)]];") ==
        "extern const __constant const int n " NOTE1("function_constant",
                                                     "1") "; extern const bool __anvil_defined_n;");
  const auto result =
      run_token_pass("constant int a = is_function_constant_defined(s::n) ? 1 : 2;");
  CHECK(result.guarded_constants == std::set<std::string>{"n"});
  CHECK(transform("constant int a = is_function_constant_defined(s::n) ? 1 : 2;") ==
        "const __constant int a = (s::__anvil_defined_n) ? 1 : 2;");
  CHECK(transform("kernel void f(device T* x [[function_constant(flag)]]);") ==
        NOTE("kernel") " void f(__global T* x " NOTE1("function_constant", "\"flag\"") ");");
}

TEST_CASE("function constants outside of the constant address space are refused") {
  const auto result = run_token_pass("const int n [[function_constant(1)]];");
  REQUIRE(result.errors.size() == 1);
  CHECK(result.errors[0].message ==
        "function constant 'n' must be declared in the constant address space");
  CHECK(result.errors[0].offset == 12);
}

TEST_CASE("named instantiations are recorded and blanked, in each of their forms") {
  const std::string text =
      "template [[host_name(\"a\" \"b\")]] [[kernel]] decltype(f<float, 1.0>) f<float, 1.0>;"
      "template [[host_name(\"c\")]] [[kernel]] void ns::g<half>(device half* x [[buffer(0)]]);"
      "template [[host_name(\"d\")]] kernel f_t f<vec<device T*, 2>>;"
      "template void h<int>(int);";
  const auto result = run_token_pass(text);
  REQUIRE(result.instances.size() == 3);
  CHECK(result.instances[0].name == "ab");
  CHECK(result.instances[0].expression == "f < float , 1.0f >");
  CHECK(result.instances[1].name == "c");
  CHECK(result.instances[1].expression == "ns :: g < half >");
  CHECK(result.instances[2].name == "d");
  CHECK(result.instances[2].expression == "f < vec < __global T * , 2 >>");
  CHECK(transform(text) == "template void h<int>(int);");
}

TEST_CASE("no text breaks the pass") {
  for (const char* text : {"",
                           "[[",
                           "[[buffer(",
                           "]]",
                           "{{{{",
                           "}}}}",
                           "kernel",
                           "kernel void f(",
                           "threadgroup",
                           "template [[host_name(",
                           "template [[host_name(\"x\")]]",
                           "template [[host_name]] ;",
                           "constant",
                           "constant int x [[function_constant",
                           "[[function_constant(0)]];",
                           "is_function_constant_defined(",
                           "is_function_constant_defined()",
                           "\"unterminated",
                           "'",
                           "R\"(",
                           "/* open",
                           "1.0h1.0h",
                           "<<<<>>>>",
                           "struct A { A(",
                           "namespace {",
                           "((((((",
                           "coherent(",
                           "static_cast<",
                           "a ] ) } [[x]] b",
                           "template <",
                           "operator=",
                           "=",
                           ":::",
                           "int a ] constant uint n [2]",
                           "f() constant",
                           "struct f {}; f() constant"}) {
    INFO(text);
    const auto result = run_token_pass(text);
    const std::string edited = anvil::compiler::EditedText(text, result.edits).text();
    CHECK(edited.size() >= std::string(text).size());
  }
}
