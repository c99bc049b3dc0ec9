// Function constants: by index and by name, derived ones, missing ones, wrong ones.
#include "compiler.hpp"

using compiler_test::Output;
using compiler_test::Session;
using compiler_test::write;

namespace {

constexpr const char* kSource = R"(
#include <metal_stdlib>
using namespace metal;
constant bool flag [[function_constant(0)]];
constant uint width [[function_constant(1)]];
constant float4 scale [[function_constant(2)]];
namespace inner { constant short bias [[function_constant(3)]]; }
constant uint derived = is_function_constant_defined(width) ? width * 3 : 7;
constant float factor = is_function_constant_defined(scale) ? scale.y : 0.5;
kernel void values(device float* out, uint i [[thread_position_in_grid]]) {
  out[i] = flag ? float(derived) * factor + inner::bias : -1;
}
kernel void none(device float* out, uint i [[thread_position_in_grid]]) { out[i] = 3; }
)";

float run(const std::string& json, const char* function = "values") {
  Session session;
  write(session.path("constants"), json);
  session.compile(kSource, function, true, {"--constants", session.path("constants")});
  std::vector<float> out(32);
  session.run({out.data()}, {32, 1, 1}, {32, 1, 1});
  for (float value : out) CHECK(value == out[0]);
  return out[0];
}

Output fails(const std::string& json) {
  Session session;
  REQUIRE(session.library(kSource).exit_code == 0);
  write(session.path("constants"), json);
  const Output output = session.kernel("values", {"--constants", session.path("constants")});
  CHECK(output.exit_code != 0);
  return output;
}

}  // namespace

TEST_CASE("constants reach the code by index and by name") {
  // factor = scale.y = 2, derived = 15, bias = -4
  CHECK(run(R"([{"index":0,"type":"bool","data":"01"},
                {"index":null,"name":"width","type":"uint","data":"05000000"},
                {"index":2,"type":"float4","data":"0000803f000000400000404000008040"},
                {"index":3,"type":"short","data":"fcff"}])") == 15 * 2 - 4);
}

TEST_CASE("constants that a kernel asks about may be missing") {
  CHECK(run(R"([{"index":0,"type":"bool","data":"01"},
                {"index":3,"type":"short","data":"0100"}])") == 7 * 0.5f + 1);
}

TEST_CASE("a branch that a constant closes needs no further values") {
  CHECK(run("[]", "none") == 3);
}

TEST_CASE("a missing value is an error that names the constant") {
  CHECK(fails(R"([{"index":3,"type":"short","data":"0100"}])").errors ==
        "test.metal: error: in kernel 'values': function constant 'flag' (index 0, type 'bool') is "
        "used but has no value\n");
}

TEST_CASE("values of the wrong type or size are errors with both") {
  CHECK(fails(R"([{"index":0,"type":"int","data":"01000000"},{"index":3,"type":"short",
                   "data":"0100"}])")
            .errors ==
        "test.metal: error: in kernel 'values': function constant 'flag' (index 0, type 'bool') is "
        "given a value of type 'int'\n");
  CHECK(fails(R"([{"index":0,"data":"01"},{"index":1,"data":"01"},{"index":3,"data":"0100"}])")
            .errors ==
        "test.metal: error: in kernel 'values': function constant 'width' (index 1, type 'uint') "
        "has 4 bytes, its value 1\n");
}

TEST_CASE("values that are no JSON are an internal error, not a crash") {
  for (const char* json : {"", "[", "{}", "[1]", R"([{"index":0}])", R"([{"data":"01"}])",
                           R"([{"index":0,"data":"0g"}])"})
    CHECK(fails(json).exit_code == 70);
}

TEST_CASE("the library lists its constants, and which of them are required") {
  Session session;
  REQUIRE(session.library(kSource).exit_code == 0);
  const auto index = session.index();
  const auto& constants = *index.getArray("constants");
  REQUIRE(constants.size() == 4);
  CHECK(constants[0] ==
        llvm::json::Object{{"name", "flag"}, {"index", 0}, {"type", "bool"}, {"required", true}});
  CHECK(constants[1] ==
        llvm::json::Object{{"name", "width"}, {"index", 1}, {"type", "uint"}, {"required", false}});
  CHECK(*constants[2].getAsObject()->getString("type") == "float4");
  CHECK(*constants[3].getAsObject()->getString("name") == "bias");
}
