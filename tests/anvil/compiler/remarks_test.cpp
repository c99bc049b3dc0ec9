// What runs lane by lane is told, with its line; what has a vector form is not.
#include <set>
#include <utility>

#include "compiler.hpp"

using compiler_test::Session;

namespace {

using Remarked = std::set<std::pair<std::string, int64_t>>;  // kind, line

/// Of a kernel `f` whose first line is `line 1`, for a processor with AVX-512 or one with AVX2.
Remarked remarks(const std::string& source, const std::string& cpu) {
  Session session;
  REQUIRE(session.library("using namespace metal;\n#line 1\n" + source).exit_code == 0);
  const std::string path = session.path("remarks");
  const auto made = session.kernel(
      "f", {"--target", "x86_64-linux-gnu", "--cpu", cpu, "--remarks", path, "--variant", "any"});
  REQUIRE_MESSAGE(made.exit_code == 0, made.errors);
  auto json = llvm::json::parse(compiler_test::read(path));
  REQUIRE(!!json);
  Remarked found;
  for (const llvm::json::Value& value : *json->getAsArray()) {
    const llvm::json::Object& remark = *value.getAsObject();
    CHECK(!remark.getString("message")->empty());
    found.emplace(remark.getString("kind")->str(), *remark.getInteger("line"));
  }
  return found;
}

std::string gather(const std::string& type) {
  return "kernel void f(device const " + type +
         "* x [[buffer(0)]], device const int* at [[buffer(1)]],\n"
         "  device " +
         type +
         "* y [[buffer(2)]], uint i [[thread_position_in_grid]]) {\n"
         "  y[i] = x[at[i]];\n"
         "}\n";
}

}  // namespace

TEST_CASE("a gather under a mask is a gather where the machine has one of its size") {
  for (const char* type : {"float", "int", "half2", "half4", "char4", "float2", "long"}) {
    CAPTURE(type);
    CHECK(!remarks(gather(type), "sapphirerapids").contains({"serialised", 3}));
  }
  for (const char* type : {"uchar", "bool", "short", "half", "bfloat", "char2"}) {
    CAPTURE(type);
    const std::string narrow = "kernel void f(device const " + std::string(type) +
                               "* x [[buffer(0)]], device int* y [[buffer(1)]],\n" +
                               "  uint i [[thread_position_in_grid]]) {\n" +
                               "  const auto v = x[y[i]];\n" + "  y[i] = v" +
                               (std::string(type) == "char2" ? ".y" : "") +
                               " > 1;\n"
                               "}\n";
    CHECK(!remarks(narrow, "sapphirerapids").contains({"serialised", 3}));
  }
  // One of all lanes is not faster there than a load for each.
  CHECK(remarks(gather("float"), "x86-64-v3").contains({"scalarised", 3}));
}

TEST_CASE("accesses that are made lane by lane are told with their line") {
  for (const char* cpu : {"sapphirerapids", "x86-64-v3"})
    CHECK(remarks(gather("uchar"), cpu).contains({"serialised", 3}));
  CHECK(remarks("kernel void f(device atomic_int* x [[buffer(0)]], device int* y [[buffer(1)]],\n"
                "  uint i [[thread_position_in_grid]]) {\n"
                "  if (y[i] > 0)\n"
                "    y[i] = atomic_exchange_explicit(x + y[i], 1, memory_order_relaxed);\n"
                "}\n",
                "sapphirerapids") == Remarked{{"serialised", 4}});
}

TEST_CASE("bytes of neighbouring blocks are not read lane by lane, whatever the mask") {
  const std::string blocks =
      "kernel void f(device const uchar* x [[buffer(0)]], device int* y [[buffer(1)]],\n"
      "  constant int& n [[buffer(2)]], ushort i [[thread_index_in_simdgroup]]) {\n"
      "  int sum = 0;\n"
      "  for (int b = i / 2; b < n; b += 16) {\n"
      "    device const uchar* codes = x + b * 20 + i % 2 * 8 + 4;\n"
      "    for (int k = 0; k < 8; ++k)\n"
      "      sum += codes[k] * k;\n"
      "  }\n"
      "  y[i] = sum;\n"
      "}\n";
  CHECK(remarks(blocks, "sapphirerapids").empty());
  CHECK(!remarks(blocks, "x86-64-v3").contains({"scalarised", 7}));
}

TEST_CASE(
    "an array of each lane that is filled at once lies element by element, as one that is not") {
  const std::string sums =
      "kernel void f(device float* x [[buffer(0)]], constant uint& n [[buffer(1)]],\n"
      "  uint i [[thread_position_in_grid]]) {\n"
      "  float sums[96] = {};\n"
      "  for (uint k = 0; k < n; ++k) {\n"
      "    const float value = x[i + k];\n"
      "    sums[k % 96] += value;\n"
      "  }\n"
      "  x[i] = sums[n];\n"
      "}\n";
  const Remarked found = remarks(sums, "x86-64-v3");  // without gathers and scatters
  CHECK(found.contains({"scalarised", 5}));
  for (const char* kind : {"scalarised", "serialised"}) CHECK(!found.contains({kind, 6}));
}
