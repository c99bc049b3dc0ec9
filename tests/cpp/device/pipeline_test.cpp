#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/device/device.hpp"

using namespace foundry;

namespace {

const char* const kSource = R"(
#include <metal_stdlib>
using namespace metal;

struct AxpyParams { uint count; float alpha; };

kernel void axpy(device const half* x [[buffer(0)]], device half* y [[buffer(1)]],
                 constant AxpyParams& params [[buffer(2)]], uint gid [[thread_position_in_grid]]) {
  if (gid < params.count) y[gid] = half(params.alpha * float(x[gid]) + float(y[gid]));
}

)";

const char* const kSpecialised = R"(
#include <metal_stdlib>
using namespace metal;

constant uint kWidth [[function_constant(0)]];
constant bool kDouble [[function_constant(1)]];

kernel void fill(device float* y [[buffer(3)]], threadgroup float* scratch [[threadgroup(0)]],
                 uint gid [[thread_position_in_grid]], uint lid [[thread_position_in_threadgroup]]) {
  scratch[lid] = float(kWidth);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[gid] = kDouble ? 2.0f * scratch[lid] : scratch[lid];
}
)";

}  // namespace

TEST_CASE("a library lists its functions and refuses others by name") {
  const Library library = Device::system_default().compile(kSource, "axpy.metal");
  CHECK(library.functions() == std::vector<std::string>{"axpy"});
  CHECK_THROWS_WITH_AS(library.pipeline("axpz"),
                       "library 'axpy.metal' has no function 'axpz'; did you mean 'axpy'?",
                       ArgumentError);
}

TEST_CASE("a pipeline's reflection is plain C++") {
  const Library library = Device::system_default().compile(kSource, "axpy.metal");
  const Pipeline pipeline = library.pipeline("axpy");
  CHECK(pipeline.name() == "axpy");
  CHECK(pipeline.thread_execution_width() == 32);
  CHECK(pipeline.max_threads_per_threadgroup() >= 256);
  CHECK(to_string(pipeline) == "pipeline 'axpy' (3 arguments, up to " +
                                   std::to_string(pipeline.max_threads_per_threadgroup()) +
                                   " threads a threadgroup)");
  const auto& arguments = pipeline.reflection().arguments;
  REQUIRE(arguments.size() == 3);
  CHECK(to_string(arguments[0]) == "buffer 0 'x': half, read");
  CHECK(arguments[1].name == "y");
  CHECK(arguments[1].index == 1);
  CHECK(arguments[1].size == 2);
  CHECK(writes(arguments[1].access));
  CHECK(arguments[2].type == "struct");
  CHECK(arguments[2].size == 8);
  REQUIRE(arguments[2].members.size() == 2);
  CHECK(arguments[2].members[1].name == "alpha");
  CHECK(arguments[2].members[1].offset == 4);
  CHECK(arguments[2].members[1].type == "float");
}

TEST_CASE("function constants specialise, and are needed") {
  const Library library = Device::system_default().compile(kSpecialised, "fill.metal");
  FunctionConstants constants;
  constants.set(0, std::uint32_t{64}).set(1, true);
  const Pipeline pipeline = library.pipeline("fill", constants);
  const auto& arguments = pipeline.reflection().arguments;
  REQUIRE(arguments.size() == 2);
  CHECK(arguments[0].index == 3);
  CHECK(arguments[1].kind == ReflectedArgument::Kind::threadgroup_memory);
  CHECK(arguments[1].index == 0);
}

TEST_CASE("MSL that does not compile is an error with file, line and reason") {
  try {
    (void)Device::system_default().compile(
        "kernel void broken(device float* x [[buffer(0)]]) {\n"
        "  x[0] = undeclared;\n}\n",
        "broken.metal");
    FAIL("it compiled");
  } catch (const KernelCompileError& error) {
    const std::string what = error.what();
    CHECK(what.find("broken.metal: ") == 0);
    CHECK(what.find(":2:") != std::string::npos);
    CHECK(what.find("undeclared") != std::string::npos);
  }
}

TEST_CASE("macros reach the preprocessor") {
  CompileOptions options;
  options.defines["VALUE"] = "1.5f";
  const Library library = Device::system_default().compile(
      "kernel void set(device float* x [[buffer(0)]]) { x[0] = VALUE; }", "set.metal", options);
  CHECK(library.functions().front() == "set");
}
