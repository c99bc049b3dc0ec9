// Any text in: diagnostics and exit code 1, or a library; never a crash.
#include "compiler.hpp"

using compiler_test::Output;
using compiler_test::Session;

TEST_CASE("malformed source is refused with diagnostics") {
  Session session;
  for (const std::string& source :
       {std::string("kernel"),
        std::string("kernel void f("),
        std::string("kernel void f() {"),
        std::string("template [[host_name(\"x\")]] ;"),
        std::string("[[kernel"),
        std::string("kernel void f(device float* x [[buffer(]]) {}"),
        std::string("}}}}"),
        std::string("kernel void f() { threadgroup"),
        std::string("\"unterminated"),
        std::string("R\"x(raw"),
        std::string("/* open comment"),
        std::string("#if 1\nint x;"),
        std::string("#pragma anvil entry\nint"),
        std::string("#define H #\nH include <x>\n"),
        std::string("kernel void f(device void** x [[buffer(0)]]"),
        std::string("constant int x [[function_constant(0)]] = 3;"),
        std::string("kernel void f(device struct S* s [[buffer(0)]]) {}"),
        std::string("\xff\xfe\x01\x80 garbage \x7f"),
        std::string(300, '('),
        std::string(5000, '{'),
        std::string(5000, '['),
        "int x = " + std::string(3000, '-') + "1;"}) {
    CAPTURE(source.substr(0, 80));
    const Output output = session.library(source);
    CHECK(output.exit_code == 1);
    CHECK(!output.errors.empty());
  }
}

TEST_CASE("empty and odd but valid source makes a library") {
  Session session;
  for (const std::string& source :
       {std::string(), std::string("\n\n"), std::string("// only a comment"),
        std::string("\xef\xbb\xbf#include <metal_stdlib>\n"), std::string("#pragma anvil entry\n"),
        std::string("int f(int x) {\r\n  return x;\r\n}\r\n"), std::string("  \t ;")}) {
    CAPTURE(source);
    const Output output = session.library(source);
    CHECK_MESSAGE(output.exit_code == 0, output.errors);
  }
}

TEST_CASE("a library that is damaged, or not one, is refused") {
  Session session;
  REQUIRE(session.library("kernel void f() {}").exit_code == 0);
  const std::string good = compiler_test::read(session.path("library"));
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string("{}\n{}\n"), good.substr(0, good.size() / 2),
        good.substr(0, good.find('\n') + 1), "{}\n" + std::string("{\"compiler\":1}\n")}) {
    compiler_test::write(session.path("library"), bad);
    CHECK(session.kernel("f").exit_code == 70);
  }
}

// Beside the others' output: the last one counts.
TEST_CASE("a device is written to, not replaced by a file") {
  Session session;
  const std::string source = "kernel void f() {}";
  CHECK(session.library(source, {"--output", "/dev/null"}).exit_code == 0);
  CHECK(std::filesystem::is_character_file("/dev/null"));
  const Output full = session.library(source, {"--output", "/dev/full"});
  CHECK(full.exit_code == 70);
  CHECK(full.errors.find("cannot write '/dev/full': No space left on device") != std::string::npos);
  CHECK(std::filesystem::is_character_file("/dev/full"));
}

TEST_CASE("command lines that make no sense say why") {
  using compiler_test::run_compiler;
  CHECK(run_compiler({}).errors ==
        "anvil-compiler: expected 'library', 'unit', 'kernel', 'parse', 'serve', 'headers', "
        "'registers' or '--version'\n");
  CHECK(run_compiler({"serve"}).errors == "anvil-compiler: option '--requests' is missing\n");
  CHECK(run_compiler({"parse", "--library", "x"}).errors ==
        "anvil-compiler: option '--requests' is missing\n");
  CHECK(run_compiler({"library"}).errors ==
        "anvil-compiler: option '--source' or '--air' is missing\n");
  CHECK(run_compiler({"library", "--sauce", "x"}).errors ==
        "anvil-compiler: unknown option '--sauce'\n");
  CHECK(run_compiler({"kernel", "--variant"}).errors ==
        "anvil-compiler: option '--variant' needs a value\n");
  CHECK(run_compiler({"headers"}).errors == "anvil-compiler: option '--output' is missing\n");
  const Output output = run_compiler(
      {"kernel", "--library", "x", "--function", "f", "--output", "y", "--variant", "half"});
  CHECK(output.errors == "anvil-compiler: --variant 'half' is not one of full, any\n");
  CHECK(output.exit_code == 64);
}

TEST_CASE("an unknown CPU and one below the floor are refused") {
  Session session;
  REQUIRE(session.library("kernel void f() {}").exit_code == 0);
  const auto starts_with = [&](const std::string& cpu, const std::string& expected) {
    const std::string errors = session.kernel("f", {"--cpu", cpu, "--target", "x86_64"}).errors;
    CHECK_MESSAGE(errors.starts_with("anvil-compiler: " + expected), errors);
    const std::string supported = errors.substr(errors.find("supported: host, "));
    for (const char* there : {"x86-64-v3", "haswell", "znver4"})
      CHECK(supported.find(there) != std::string::npos);
    for (const char* missing : {"x86-64-v2", "nehalem", "pdp11"})
      CHECK(supported.find(missing) == std::string::npos);
  };
  starts_with("pdp11", "unsupported processor 'pdp11' (ANVIL_CPU names it); supported: host, ");
  starts_with("x86-64-v2",
              "processor 'x86-64-v2' lacks avx2; kernels need x86-64-v3 (AVX2, FMA, F16C); ");
}
