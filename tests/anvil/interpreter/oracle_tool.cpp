// anvil_oracle_tool [--anvil] CASE.json...: runs kernels on Anvil and, without --anvil, in the
// interpreter. For test harnesses that are not C++: prints where the two differ (nothing if they
// agree), behind the case's path where there are several, and leaves in each buffer's file what
// Anvil left in the buffer. Exit status 1: one of the two could not run a kernel.
//
//   {"source": PATH, "air": whether that is a function's bitcode (if there: false),
//    "function": NAME, "math": "safe" | "fast", "grid": [x, y, z],
//    "reflection": PATH of what is told of its arguments (written with --anvil; if there),
//    "threadgroup": [x, y, z], "threadgroup_memory": [bytes, ...],
//    "constants": [{"index": N, "type": MSL_TYPE, "bytes": [...]}, ...],
//    "buffers": [{"path": PATH, "element": "bits8" ... "float32", "ulps": N}, ...]}
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "oracle.hpp"

using namespace anvil::oracle;
using nlohmann::json;

namespace anvil::oracle {
NLOHMANN_JSON_SERIALIZE_ENUM(Element, {{Element::bits8, "bits8"},
                                       {Element::bits16, "bits16"},
                                       {Element::bits32, "bits32"},
                                       {Element::bits64, "bits64"},
                                       {Element::half, "half"},
                                       {Element::bfloat, "bfloat"},
                                       {Element::float32, "float32"}})
}  // namespace anvil::oracle

namespace {

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Case read_case(const json& from) {
  Case test;
  test.source = read(from.at("source"));
  test.air = from.value("air", false);
  test.function = from.at("function");
  test.math = from.at("math");
  from.at("grid").get_to(test.grid);
  from.at("threadgroup").get_to(test.threadgroup);
  const auto& memory = from.at("threadgroup_memory");
  for (size_t i = 0; i < memory.size(); ++i) test.threadgroup_memory_length.at(i) = memory[i];
  for (const auto& each : from.at("constants")) {
    anvil::service::ConstantValue value{each.at("index").get<uint32_t>(), "", each.at("type"), {}};
    for (const uint8_t byte : each.at("bytes").get<std::vector<uint8_t>>())
      value.data.push_back(std::byte{byte});
    test.constants.push_back(std::move(value));
  }
  for (const auto& each : from.at("buffers")) {
    const std::string bytes = read(each.at("path"));
    test.buffers.push_back(Buffer::of(std::span<const char>(bytes), each.at("element"),
                                      each.at("ulps").get<uint32_t>()));
  }
  return test;
}

/// Whether the case could be run.
bool run(const std::string& path, bool with_oracle, bool name_it) {
  const json description = json::parse(read(path));
  const Case test = read_case(description);
  const Comparison result = with_oracle ? compare_with_oracle(test) : run_on_anvil(test);
  if (name_it && !result.difference.empty())
    std::cout << path << ": " << result.difference << "\n";
  else
    std::cout << result.difference;
  if (const auto file = description.find("reflection"); file != description.end())
    std::ofstream(file->get<std::string>(), std::ios::binary) << result.reflection;
  for (size_t i = 0; i < result.buffers.size(); ++i) {
    const auto& bytes = result.buffers[i].bytes;
    std::ofstream(description.at("buffers")[i].at("path").get<std::string>(), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  return !result.buffers.empty();
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::string> paths(words + 1, words + count);
  const bool alone = !paths.empty() && paths.front() == "--anvil";
  if (alone) paths.erase(paths.begin());
  if (paths.empty()) {
    std::cerr << "usage: anvil_oracle_tool [--anvil] CASE.json...\n";
    return 2;
  }
  bool ran = true;
  for (const std::string& path : paths) {
    try {
      ran &= run(path, !alone, paths.size() > 1);
    } catch (const std::exception& error) {
      std::cerr << error.what() << "\n";
      ran = false;
    }
  }
  return ran ? 0 : 1;
}
