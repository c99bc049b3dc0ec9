// Loads and stores whose addresses differ between lanes by constants, for elements of every size.
#include <algorithm>
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
    for (const uint32_t lanes : {32u, 20u, 6u}) {
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

// What a lane reads and writes next to each other may be one access, unless something lies between.
TEST_CASE("neighbouring accesses of a lane keep their order and their places") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
template <typename T>
kernel void neighbours(device T* x [[buffer(0)]], device T* y [[buffer(1)]],
                       constant uint& step [[buffer(2)]],
                       uint l [[thread_position_in_grid]]) {
  device T* own = x + l * 16;
  device T* far = x + 1024 + (l * 7 % 32) * step;
  device T* out = y + l * 24;
  const T a = own[3], b = own[2], c = own[0], d = own[1], e = own[5];
  own[0] = a; own[1] = b; own[2] = own[1]; own[3] = own[2]; own[3] = c; own[4] = d;
  const T f = own[4], g = own[3], h = far[1], i = far[2], j = far[0], k = far[3];
  out[0] = a; out[1] = b; out[2] = c; out[3] = d; out[4] = e; out[5] = f; out[6] = g; out[7] = h;
  out[9] = i; out[8] = j; out[10] = k;
  for (int n = 0; n < 8; ++n) out[11 + n] = own[n];
  // Lanes overlap: each reads what its neighbour reads too.
  out[20] = x[512 + l]; out[21] = x[513 + l]; out[22] = x[514 + l];
}
template [[host_name("neighbours_uchar")]] kernel void neighbours<uchar>(device uchar*, device uchar*, constant uint&, uint);
template [[host_name("neighbours_ushort")]] kernel void neighbours<ushort>(device ushort*, device ushort*, constant uint&, uint);
template [[host_name("neighbours_uint")]] kernel void neighbours<uint>(device uint*, device uint*, constant uint&, uint);
template [[host_name("neighbours_ulong")]] kernel void neighbours<ulong>(device ulong*, device ulong*, constant uint&, uint);
)");
  const auto check = [&]<class T>(const char* name, T) {
    for (const uint32_t lanes : {32u, 20u})
      for (const uint32_t step : {4u, 9u}) {
        CAPTURE(name);
        CAPTURE(lanes);
        std::vector<T> x(2048), y(32 * 24);
        for (size_t i = 0; i < x.size(); ++i) x[i] = T(i * 0x9E3779B97F4A7C15ull >> 13);
        std::vector<T> want_x = x, want_y = y;
        for (uint32_t l = 0; l < lanes; ++l) {
          T *own = &want_x[l * 16], *out = &want_y[l * 24];
          const T* far = &want_x[1024 + l * 7 % 32 * step];
          const T a = own[3], b = own[2], c = own[0], d = own[1], e = own[5];
          own[0] = a, own[1] = own[2] = b, own[3] = c, own[4] = d;
          const T first[] = {a, b, c, d, e, d, c, far[1], far[0], far[2], far[3]};
          std::copy(std::begin(first), std::end(first), out);
          std::copy(own, own + 8, out + 11);
          std::copy_n(&want_x[512 + l], 3, out + 20);
        }
        program.run(name, {lanes}, {lanes}, {buffer(x), buffer(y), language::value(step)});
        CHECK(x == want_x);
        CHECK(y == want_y);
      }
  };
  check("neighbours_uchar", uint8_t{});
  check("neighbours_ushort", uint16_t{});
  check("neighbours_uint", uint32_t{});
  check("neighbours_ulong", uint64_t{});
}
