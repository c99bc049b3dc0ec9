// Loads and stores whose addresses differ between lanes by constants, for elements of every size.
#include <cstring>
#include <functional>

#include "program.hpp"

using language::buffer;
using language::Program;

namespace {

// Rows of a matrix that lie apart, its columns, neighbours in pairs, blocks that lanes share, lanes
// in reverse, near and far ones, with and without holes, several lanes at one place.
#define PATTERNS(X)                      \
  X(l / 8 * 100 + l % 8)                 \
  X(l % 8 * 100 + l / 8)                 \
  X(l % 4 * 60 + l / 4 * 2)              \
  X(l % 4 * 60 + l / 4 * 2 + 1)          \
  X(l / 2 % 8 * 33 + l % 2 + l / 16 * 2) \
  X(l / 4 * 90)                          \
  X(l / 2 * 40)                          \
  X(l * 3)                               \
  X(l * 4 + 1)                           \
  X(l * 20)                              \
  X(31 - l)                              \
  X(l / 2)                               \
  X((l ^ 5) * 2)                         \
  X(l* l % 37)                           \
  X(l < 16 ? l : l + 700)

constexpr uint32_t kRoom = 1024;  // elements of each pattern

struct Case {
  const char* text;
  std::function<uint32_t(uint32_t)> place;
};

const std::vector<Case>& cases() {
#define CASE(expression) {#expression, [](uint32_t l) -> uint32_t { return expression; }},
  static const std::vector<Case> list{PATTERNS(CASE)};
#undef CASE
  return list;
}

std::string kernel(const std::string& type) {
  std::string load, store;
  for (size_t i = 0; i < cases().size(); ++i) {
    const std::string place = "(" + std::string(cases()[i].text) + ")", n = std::to_string(i),
                      room = std::to_string(i * kRoom);
    load += "  out[" + n + " * 32 + l] = in[" + room + " + " + place + "];\n";
    store += "  out[" + room + " + " + place + "] = in[" + n + " * 32 + l];\n";
  }
  const std::string arguments = "(device const " + type + "* in [[buffer(0)]], device " + type +
                                "* out [[buffer(1)]], uint l [[thread_position_in_grid]])";
  return "kernel void load_" + type + arguments + " {\n" + load + "}\nkernel void store_" + type +
         arguments + " {\n" + store + "}\n";
}

}  // namespace

TEST_CASE("lanes load and store at constant distances, all 32 of them and fewer") {
  const std::vector<std::pair<std::string, size_t>> types{
      {"uchar", 1}, {"half", 2}, {"ushort2", 4}, {"float", 4},
      {"half4", 8}, {"long", 8}, {"float4", 16}};
  std::string source = "#include <metal_stdlib>\nusing namespace metal;\n";
  for (const auto& [type, size] : types) source += kernel(type);
  Program program(source);
  const size_t count = cases().size();
  for (const auto& [type, size] : types)
    for (const uint32_t lanes : {32u, 20u}) {
      CAPTURE(type);
      CAPTURE(lanes);
      std::vector<uint8_t> spread(count * kRoom * size), packed(count * 32 * size);
      for (size_t i = 0; i < spread.size(); ++i) spread[i] = uint8_t(i * 7 + i / 251);
      for (size_t i = 0; i < packed.size(); ++i) packed[i] = uint8_t(i * 5 + i / 239);

      std::vector<uint8_t> out = packed, expected = packed;
      program.run(("load_" + type).c_str(), {lanes}, {lanes}, {buffer(spread), buffer(out)});
      for (size_t i = 0; i < count; ++i)
        for (uint32_t lane = 0; lane < lanes; ++lane)
          std::memcpy(&expected[(i * 32 + lane) * size],
                      &spread[(i * kRoom + cases()[i].place(lane)) * size], size);
      CHECK(out == expected);

      std::vector<uint8_t> filled(spread.size(), 0xA5), wanted = filled;
      program.run(("store_" + type).c_str(), {lanes}, {lanes}, {buffer(packed), buffer(filled)});
      for (size_t i = 0; i < count; ++i)
        for (uint32_t lane = 0; lane < lanes; ++lane)  // the last of those at one place prevails
          std::memcpy(&wanted[(i * kRoom + cases()[i].place(lane)) * size],
                      &packed[(i * 32 + lane) * size], size);
      CHECK(filled == wanted);
    }
}
