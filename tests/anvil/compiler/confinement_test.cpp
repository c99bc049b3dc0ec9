// A program defines kernels and what they call. Whatever else its source would place, name, run or
// read is refused at its line.
#include <fstream>

#include "compiler.hpp"

using compiler_test::Output;
using compiler_test::Session;

namespace {

struct Case {
  std::string source;  // one line
  std::string error;   // contained in the message for that line
};

/// Each case on a line of its own of one program; every one must have its error there.
void check_each(const std::vector<Case>& cases) {
  std::string source = "#include <metal_stdlib>\nusing namespace metal;\n";
  for (const Case& each : cases) source += each.source + '\n';
  Session session;
  const Output output = session.library(source);
  CHECK(output.exit_code == 1);
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string place = "\ntest.metal:" + std::to_string(i + 3) + ':';
    bool found = false;
    const std::string text = '\n' + output.errors;
    for (size_t at = text.find(place); at != text.npos; at = text.find(place, at + 1)) {
      const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
      found |= line.find("error: ") != line.npos && line.find(cases[i].error) != line.npos;
    }
    CHECK_MESSAGE(found, cases[i].source, "\n", output.errors);
  }
}

Case attribute(const std::string& source, const std::string& name) {
  return {source, "unsupported attribute '" + name + "'; supported: MSL's own, and alignas"};
}
Case builtin(const std::string& expression, const std::string& name) {
  static int number = 0;
  return {"auto b" + std::to_string(number++) + "() { return " + expression + "; }",
          "unsupported builtin '" + name + "'; supported: those that compute a value"};
}

std::string error_of(const std::string& line) {
  Session session;
  const Output output = session.library(line + "\nkernel void f() {}\n");
  CHECK(output.exit_code == 1);
  return output.errors;
}

}  // namespace

TEST_CASE("an attribute that decides where code lies or when it runs is refused, in any spelling") {
  check_each({
      attribute("void a0(); __attribute__((section(\".init_array\"))) void (*const a1)() = a0;",
                "section"),
      attribute("__attribute__((section(\".text\"))) constant uchar a2[2] = {0xc3, 1};", "section"),
      attribute("[[gnu::section(\".text\")]] constant uchar a3[2] = {0xc3, 1};", "gnu::section"),
      attribute("__declspec(allocate(\".text\")) constant uchar a4[2] = {0xc3, 1};", "allocate"),
      attribute("__attribute__((section(\"anvil.threadgroup\"))) void a5() {}", "section"),
      attribute("__attribute__((constructor)) void a6() {}", "constructor"),
      attribute("[[gnu::constructor(101)]] void a7() {}", "gnu::constructor"),
      attribute("__attribute__((destructor)) void a8() {}", "destructor"),
      attribute("extern \"C\" void a9() {} void a10() __attribute__((alias(\"a9\")));", "alias"),
      attribute("extern \"C\" void* a11() { return 0; } extern \"C\" int a12() "
                "__attribute__((ifunc(\"a11\")));",
                "ifunc"),
      attribute("__attribute__((weak)) int a13() { return 1; }", "weak"),
      attribute("static void a14() __attribute__((weakref(\"a9\")));", "weakref"),
      attribute("__attribute__((naked)) void a15() {}", "naked"),
      attribute("__attribute__((used)) constant int a16 = 3;", "used"),
      attribute("struct A17 { [[gnu::used]] static void f() {} };", "gnu::used"),
      attribute("[[gnu::retain]] constant int a18 = 3;", "gnu::retain"),
      attribute("void a19(thread int*) {} void a20() { [[gnu::cleanup(a19)]] int x; }",
                "gnu::cleanup"),
      attribute("__attribute__((target(\"avx512f\"))) void a21() {}", "target"),
      attribute("__attribute__((target_clones(\"avx2\", \"default\"))) int a22() { return 1; }",
                "target_clones"),
      attribute("__attribute__((patchable_function_entry(2))) void a23() {}",
                "patchable_function_entry"),
      attribute("template <class T> [[gnu::constructor]] void a24() {}", "gnu::constructor"),
      attribute("template <int N> struct A25 { __attribute__((section(\"x\"))) static constexpr "
                "int v = N; };",
                "section"),
      attribute("typedef int __attribute__((address_space(257)))* A26;", "address_space"),
      attribute("typedef void (*A27)(int) __attribute__((ms_abi));", "ms_abi"),
      attribute("void __attribute__((vectorcall)) a28() {}", "vectorcall"),
      attribute("__attribute__((no_sanitize(\"all\"))) void a29() {}", "no_sanitize"),
      attribute("namespace n { struct A30 { void f() { [[gnu::weak]] extern int x; } }; }",
                "gnu::weak"),
  });
}

TEST_CASE("assembly is refused, but for a label with the name of one of Metal's functions") {
  const std::string assembly =
      "unsupported inline assembly; supported: a label on a declaration that names one of Metal's "
      "functions, asm(\"air...\")";
  const auto label = [](const std::string& name) {
    return "unsupported assembly label '" + name +
           "'; supported: a name of one of Metal's "
           "functions, air..., on a declaration without a body";
  };
  check_each({{"asm(\".globl x\");", assembly},
              {"__asm__(\"nop\");", assembly},
              {"void b0() { asm volatile(\"syscall\"); }", assembly},
              {"template <class T> void b1() { asm(\"nop\" : : \"r\"(T())); }", assembly},
              {"void b2() { auto l = [] { __asm(\"nop\"); }; l(); }", assembly},
              {"void b3() asm(\"system\");", label("system")},
              {"constant int b4 asm(\"air.x\") = 3;", label("air.x")},
              {"extern \"C\" int b5(int) __asm(\"anvil_entry\");", label("anvil_entry")}});
  Session session;
  const Output output = session.library(
      "float air_fma(float, float, float) __asm(\"air.fma.f32\");\n"
      "kernel void f(device float* x [[buffer(0)]]) { x[0] = air_fma(x[0], x[1], x[2]); }\n"
      "kernel void g(device float* x [[buffer(0)]]) { x[0] = 1; }\n");
  CHECK_MESSAGE(output.exit_code == 0, output.errors);
  CHECK(session.kernel("g").exit_code == 0);
  CHECK(session.kernel("f").errors ==
        "test.metal: error: in kernel 'f': function 'air.fma.f32' has no definition\n");
}

TEST_CASE("a builtin that reaches the machine instead of computing a value is refused") {
  check_each({
      builtin("__builtin_alloca(1 << 30)", "__builtin_alloca"),
      builtin("__builtin_return_address(0)", "__builtin_return_address"),
      builtin("__builtin_frame_address(0)", "__builtin_frame_address"),
      builtin("__builtin_trap()", "__builtin_trap"),
      builtin("__builtin_debugtrap()", "__builtin_debugtrap"),
      builtin("__builtin_readcyclecounter()", "__builtin_readcyclecounter"),
      builtin("__builtin_thread_pointer()", "__builtin_thread_pointer"),
      builtin("__builtin_printf(\"x\")", "__builtin_printf"),
      builtin("__builtin_malloc(8)", "__builtin_malloc"),
      builtin("__builtin_abort()", "__builtin_abort"),
#ifdef __x86_64__
      builtin("__builtin_ia32_rdtsc()", "__builtin_ia32_rdtsc"),
#endif
  });
}

TEST_CASE("variables that belong to no thread are constant and need no code to be made") {
  check_each({
      {"constant thread_local int c0 = 3;", "unsupported thread-local variable 'c0'"},
      {"void c1() { static __thread int x = 3; }", "unsupported thread-local variable 'x'"},
      {"int c2;", "program scope variable 'c2' must be in the constant address space"},
      {"void c3() { static int n = 0; ++n; }",
       "static variable 'n' must be in the constant address space"},
      {"struct C4 { static int n; }; int C4::n = 3;",
       "program scope variable 'n' must be in the constant address space"},
  });
  Session session;
  for (const char* variable :
       {"float g(); constant float y = g();", "struct S { ~S() {} }; constant S y = {};"}) {
    const Output made = session.library("kernel void f() {}\n" + std::string(variable));
    REQUIRE_MESSAGE(made.exit_code == 0, made.errors);
    const Output output = session.kernel("f");
    CHECK(output.exit_code == 1);
    CHECK(output.errors.starts_with("test.metal:2:"));
    CHECK(output.errors.ends_with(
        ": error: program scope variable 'y' has an initializer that is not a constant\n"));
  }
}

TEST_CASE("the names that Anvil links and writes by are the program's no more") {
  const std::string reserved = " is reserved: a compiled kernel is entered by it";
  check_each(
      {{"extern \"C\" void anvil_entry() {}", "the name 'anvil_entry'" + reserved},
       {"extern \"C\" void anvil_scalar_entry() {}", "the name 'anvil_scalar_entry'" + reserved},
       {"extern \"C\" constant int anvil_entry;", "the name 'anvil_entry'" + reserved}});
  CHECK(error_of("typedef decltype(1) __anvil_instance_999;")
            .find("test.metal:1:21: error: the name '__anvil_instance_999' is reserved, as is "
                  "every other "
                  "that begins with '__anvil'") != std::string::npos);
  CHECK(
      error_of("uint g() { return __anvil_lane(); }").find("the name '__anvil_lane' is reserved") !=
      std::string::npos);
}

TEST_CASE("pragmas that name sections and symbols are refused, others are not acted on") {
  for (const auto& [line, name] : std::initializer_list<std::pair<std::string, std::string>>{
           {"#pragma clang section text=\".x\"", "clang section"},
           {"_Pragma(\"clang section bss=\\\".x\\\"\")", "clang section"},
           {"#pragma clang attribute push(__attribute__((used)), apply_to=function)",
            "clang attribute"},
           {"#pragma weak g", "weak"},
           {"#pragma redefine_extname g system", "redefine_extname"},
           {"#pragma init_seg(lib)", "init_seg"},
           {"#pragma comment(linker, \"x\")", "comment"}})
    CHECK(error_of(line).find(": error: unsupported pragma '" + name +
                              "'; supported: unroll, nounroll, pack, clang loop, clang fp") !=
          std::string::npos);
  Session session;
  const Output output = session.library(
      "#pragma clang __debug crash\n#pragma clang __debug llvm_fatal_error\n#pragma omp parallel\n"
      "#pragma GCC visibility push(default)\n"
      "#pragma pack(push, 1)\nstruct S { char c; int i; };\n#pragma pack(pop)\n"
      "static_assert(sizeof(S) == 5);\nkernel void f(device S* s [[buffer(0)]]) { s->i = 1; }\n");
  CHECK_MESSAGE(output.exit_code == 0, output.errors);
  CHECK(session.kernel("f").exit_code == 0);
}

TEST_CASE("a program reads none of the machine's files, and cannot tell which there are") {
  const std::string secret = "/proc/self/cmdline";
  REQUIRE(std::ifstream(secret));
  for (const std::string& line :
       {"#include \"" + secret + "\"", "#include <" + secret + ">", "#import \"" + secret + "\"",
        "#include \"../../../../../.." + secret + "\"",
        "constant char x[] = {\n#embed \"" + secret + "\"\n};",
        "#pragma GCC dependency \"" + secret + "\"", std::string("#include_next <stdio.h>")})
    CHECK(error_of(line).find("file not found") != std::string::npos);
  CHECK(error_of("#if __has_embed(\"" + secret + "\")\n#endif").find("__has_embed") !=
        std::string::npos);
  for (const char* line :
       {"import \"/proc/self/cmdline\";", "import <stdio.h>;", "export module m;", "module;"})
    CHECK(error_of(line).find(secret + "' ") == std::string::npos);
  Session session;
  CHECK(session.library("#if __has_include(\"" + secret + "\")\n#error seen\n#endif\n").exit_code ==
        0);
  // Nor by a macro's name or value.
  for (const char* define : {"A=1\n#include \"/proc/self/cmdline\"", "A(=1", "=1",
                             "-include=/proc/self/cmdline", "@/proc/self/cmdline"}) {
    const Output output = session.library("kernel void f() {}", {"--define", define});
    CHECK((output.exit_code == 0 || output.exit_code == 1));
  }
}

TEST_CASE("what programs do say of their declarations still means what it did") {
  Session session;
  session.compile(
      "#include <metal_stdlib>\nusing namespace metal;\n"
      "[[maybe_unused]] [[gnu::noinline]] static float twice(float x) { return x + x; }\n"
      "[[nodiscard]] METAL_FUNC float half_of(float x) { return x / 2; }\n"
      "[[deprecated(\"old\")]] inline int old() { return 1; }\n"
      "__attribute__((always_inline, const, pure, hot, flatten)) inline int three() { return 3; }\n"
      "template <typename T> __attribute__((overloadable)) T same(T x) { return x; }\n"
      "struct alignas(16) Wide { float x [[maybe_unused]]; };\n"
      "struct __attribute__((packed)) Tight { char c; int i; };\n"
      "static_assert(sizeof(Tight) == 5 && alignof(Wide) == 16);\n"
      "typedef float __attribute__((ext_vector_type(2))) pair_t;\n"
      "[[visible]] __attribute__((visibility(\"default\"))) int shown() { return 1; }\n"
      "kernel void f(device float* x [[buffer(0)]], uint i [[thread_position_in_grid]]) {\n"
      "  threadgroup float t[32]; static constant float scale = 4;\n"
      "  switch (i) { case 0: x[i] = 1; [[fallthrough]]; default: x[i] += scale; }\n"
      "  if (i > 30) [[unlikely]] x[i] = half_of(twice(8));\n"
      "  t[i] = x[i]; x[i] = t[i] + __builtin_popcount(three()) + INFINITY * 0 * 0;\n"
      "  x[i] = same(float(i));\n"
      "}\n",
      "f");
  std::vector<float> x(32);
  session.run({x.data()}, {32, 1, 1}, {32, 1, 1});
  for (size_t i = 0; i < x.size(); ++i) CHECK(x[i] == static_cast<float>(i));
}
