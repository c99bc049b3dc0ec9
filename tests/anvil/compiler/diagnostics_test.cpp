// Errors name the user's own file, line and column, and show the user's own text.
#include "compiler.hpp"

using compiler_test::Output;
using compiler_test::Session;

namespace {

constexpr const char* kHeader = "#include <metal_stdlib>\nusing namespace metal;\n";

std::string library_errors(const std::string& source,
                           const std::vector<std::string>& options = {}) {
  Session session;
  const Output output = session.library(source, options);
  CHECK(output.exit_code == 1);
  return output.errors;
}
// Of a source behind kHeader, so from line 3 on.
std::string errors(const std::string& source) {
  return library_errors(kHeader + source);
}

}  // namespace

TEST_CASE("an error points at the line and column that the user wrote, and quotes it") {
  CHECK(errors("kernel void f(device float* x [[buffer(0)]]) { x[0] = y; }\n") ==
        "test.metal:3:55: error: use of undeclared identifier 'y'\n"
        "kernel void f(device float* x [[buffer(0)]]) { x[0] = y; }\n"
        "                                                      ^\n");
}

TEST_CASE("#line is respected") {
  CHECK(errors("#line 40 \"stage.metal\"\nint f() { return y; }\n") ==
        "stage.metal:40:18: error: use of undeclared identifier 'y'\n"
        "int f() { return y; }\n"
        "                 ^\n");
}

TEST_CASE("errors behind conditionals, comments and multi-line macros keep their place") {
  CHECK(errors("#if 0\nskipped\n#endif\n/* a\n b */ #define NOT\n#define ADD(a, \\\n  b) (a + b)\n"
               "int f() { return ADD(1,\n 2); }\nint g() { return z; }\n")
            .find("test.metal:12:18: error: use of undeclared identifier 'z'\n") == 0);
  CHECK(
      errors("#define ADD(a, \\\n  b) (a + b)\nint f() { return ADD(1,\n 2); }\n"
             "int g() { return z; }\n")
          .find(
              "test.metal:7:18: error: use of undeclared identifier 'z'\nint g() { return z; }") !=
      std::string::npos);
}

TEST_CASE("errors of the preprocessor have the user's place too") {
  CHECK(errors("#include \"missing.h\"\n") ==
        "test.metal:3:10: fatal error: 'missing.h' file not found\n"
        "#include \"missing.h\"\n"
        "         ^\n");
  CHECK(errors("#error no good\n").find("test.metal:3:2: error: no good\n") == 0);
}

TEST_CASE("definitions from the command line are seen") {
  Session session;
  CHECK(session.library("#if N != 3\n#error N\n#endif\n", {"--define", "N=3"}).exit_code == 0);
  CHECK(session.library("#ifndef M\n#error M\n#endif\n", {"--define", "M"}).exit_code == 0);
}

TEST_CASE("an input of the wrong type says what is allowed") {
  CHECK(errors("kernel void f(device int* x, float3 i [[thread_position_in_grid]]) {}\n") ==
        "test.metal:3:39: error: type 'float3' of parameter 'i' is not valid for attribute "
        "'thread_position_in_grid': it must be ushort, ushort2, ushort3, uint, uint2 or uint3\n"
        "kernel void f(device int* x, float3 i [[thread_position_in_grid]]) {}\n"
        "                                      ^\n");
  CHECK(errors("kernel void f(uint2 i [[thread_index_in_simdgroup]]) {}\n")
            .find("it must be ushort or uint\n") != std::string::npos);
}

TEST_CASE("a parameter that comes from nowhere is an error") {
  CHECK(errors("kernel void f(device int* x, uint i) {}\n") ==
        "test.metal:3:35: error: parameter 'i' of kernel 'f' (type 'uint') needs an attribute that "
        "says where its value comes from, such as [[thread_position_in_grid]]\n"
        "kernel void f(device int* x, uint i) {}\n"
        "                                  ^\n");
  CHECK(errors("kernel void f(thread int* x [[buffer(0)]]) {}\n")
            .find("error: parameter 'x' must be in the device, constant or threadgroup address "
                  "space\n") != std::string::npos);
}

TEST_CASE("buffer indices are checked") {
  CHECK(errors("kernel void f(device int* x [[buffer(31)]]) {}\n")
            .find("error: 'buffer' attribute parameter is out of bounds: 31 must be between 0 and "
                  "30\n") != std::string::npos);
  CHECK(errors("kernel void f(device int* x [[buffer(-1)]]) {}\n").find("-1 must be between") !=
        std::string::npos);
  CHECK(errors("kernel void f(device int* x [[buffer(1)]], device int* y [[buffer(1)]]) {}\n")
            .find("error: parameters 'x' and 'y' both use buffer index 1\n") != std::string::npos);
}

TEST_CASE("kernels return void, program scope variables are constant") {
  CHECK(errors("kernel int f() { return 1; }\n").find("error: kernel 'f' must return void\n") !=
        std::string::npos);
  CHECK(
      errors("int counter;\n")
          .find(
              "error: program scope variable 'counter' must be in the constant address space\n") !=
      std::string::npos);
}

TEST_CASE("threadgroup variables have no initial value") {
  CHECK(errors("kernel void f() { threadgroup float x = 1; }\n")
            .find("3:37: error: 'threadgroup' variable cannot have an initializer\n") !=
        std::string::npos);
  CHECK(errors("kernel void f(uint i [[thread_position_in_grid]]) {\n"
               "  threadgroup uint x[2] = {i, 1};\n}\n")
            .find("4:20: error: 'threadgroup' variable cannot have an initializer\n") !=
        std::string::npos);
}

TEST_CASE("an instantiation of what does not exist is an error at the library") {
  CHECK(errors("template [[host_name(\"g\")]] [[kernel]] decltype(g<int>) g<int>;\n")
            .find("test.metal:3:1: error: use of undeclared identifier 'g'\n") == 0);
}

TEST_CASE("errors inside of an instantiation come with the kernel, at the user's line") {
  Session session;
  const std::string source = std::string(kHeader) +
                             "template <class T> kernel void f(device T* x) {\n"
                             "  static_assert(sizeof(T) == 4, \"four bytes\");\n"
                             "  x[0] = 1;\n}\n"
                             "template [[host_name(\"f2\")]] kernel void f<half>(device half*);\n";
  REQUIRE(session.library(source).exit_code == 0);
  const Output output = session.kernel("f2");
  CHECK(output.exit_code == 1);
  CHECK(output.errors.find("test.metal:4:17: error: static assertion failed due to requirement "
                           "'sizeof(_Float16) == 4': four bytes\n") == 0);
}

TEST_CASE("a kernel that is not there, recursion and missing definitions are errors") {
  Session session;
  REQUIRE(session
              .library(std::string(kHeader) +
                       "int down(int n);\nint down(int n) { return n > 1 ? down(n - 1) + down(n - "
                       "2) : n; }\n"
                       "kernel void recursive(device int* x) { x[0] = down(x[1]); }\n"
                       "int missing(int);\n"
                       "kernel void calls(device int* x) { x[0] = missing(1); }\n")
              .exit_code == 0);
  CHECK(session.kernel("nothing").errors ==
        "test.metal: error: there is no kernel named 'nothing' in the library\n");
  CHECK(session.kernel("recursive").errors ==
        "test.metal: error: in kernel 'recursive': recursion is not allowed: function 'down(int)' "
        "calls itself\n");
  CHECK(session.kernel("calls").errors ==
        "test.metal: error: in kernel 'calls': function 'missing(int)' has no definition\n");
}

TEST_CASE("warnings are shown and are no errors") {
  Session session;
  const Output output =
      session.library(std::string(kHeader) + "kernel void f(device int* x) { x[0] == 1; }\n");
  CHECK(output.exit_code == 0);
  CHECK(output.errors.find("test.metal:3:37: warning: equality comparison result unused "
                           "[-Wunused-comparison]\n") == 0);
}
