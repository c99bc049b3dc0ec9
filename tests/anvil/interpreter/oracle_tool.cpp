// anvil_oracle_tool CASE.json: runs one kernel on Anvil and in the interpreter. For test harnesses
// that are not C++: prints where the two differ (nothing if they agree) and leaves in each buffer's
// file what Anvil left in the buffer. Exit status 1: one of the two could not run the kernel.
//
//   {"source": PATH, "function": NAME, "math": "safe" | "fast", "grid": [x, y, z],
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

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::cerr << "usage: anvil_oracle_tool CASE.json\n";
    return 2;
  }
  try {
    const json description = json::parse(read(words[1]));
    const Comparison result = compare_with_oracle(read_case(description));
    std::cout << result.difference;
    if (result.buffers.empty()) return 1;
    for (size_t i = 0; i < result.buffers.size(); ++i) {
      const auto& bytes = result.buffers[i].bytes;
      std::ofstream(description.at("buffers")[i].at("path").get<std::string>(), std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
