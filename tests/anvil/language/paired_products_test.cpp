// Sums of two products of bytes or of halfwords, which may be one instruction
// (cpp/anvil/compiler/simd/paired_products.hpp).
#include <functional>
#include <random>

#include "program.hpp"

using language::buffer;
using language::Program;

namespace {

const char* const kHelpers = R"(
#include <metal_stdlib>
using namespace metal;
inline short2 bytes(uint a, uint b) {
  const short4 p = short4(as_type<uchar4>(a)) * short4(as_type<char4>(b));
  return p.xz + p.yw;
}
inline short2 signed_bytes(uint a, uint b) {
  const short4 p = short4(as_type<char4>(a)) * short4(as_type<char4>(b));
  return p.xz + p.yw;
}
inline short2 bytes_apart(uint a, uint b) {
  const short4 p = short4(as_type<uchar4>(a)) * short4(as_type<char4>(b));
  return p.xy + p.zw;
}
inline int shorts(uint a, uint b) {
  const int2 p = int2(as_type<short2>(a)) * int2(as_type<short2>(b));
  return p.x + p.y;
}
)";

int byte_of(uint32_t word, int i) {
  return int(word >> 8 * i & 255);
}
int signed_byte_of(uint32_t word, int i) {
  return int8_t(byte_of(word, i));
}
int short_of(uint32_t word, int i) {
  return int16_t(word >> 16 * i);
}
uint32_t halves(int low, int high) {
  return uint32_t(uint16_t(low)) | uint32_t(uint16_t(high)) << 16;
}
/// Wrapping, as 16 bits do.
uint32_t bytes(uint32_t a, uint32_t b, int apart = 1) {
  const auto product = [&](int i) { return byte_of(a, i) * signed_byte_of(b, i); };
  const int second = apart == 1 ? 2 : 1;
  return halves(product(0) + product(apart), product(second) + product(second + apart));
}
uint32_t shorts(uint32_t a, uint32_t b) {
  return uint32_t(short_of(a, 0)) * uint32_t(short_of(b, 0)) +
         uint32_t(short_of(a, 1)) * uint32_t(short_of(b, 1));
}

struct Case {
  const char* code;  // sets `r` from `a`, `b` and the lane `l`
  std::function<uint32_t(uint32_t, uint32_t, uint32_t)> want;
};

const Case kCases[] = {
    {"r = as_type<uint>(bytes(a & 0x7F7F7F7F, b));",
     [](uint32_t a, uint32_t b, uint32_t) { return bytes(a & 0x7F7F7F7F, b); }},
    {"r = as_type<uint>(bytes(a >> 4 & 0x0F0F0F0F, b) + bytes(a & 0x03030303, b));",
     [](uint32_t a, uint32_t b, uint32_t) {
       const uint32_t high = bytes(a >> 4 & 0x0F0F0F0F, b), low = bytes(a & 0x03030303, b);
       return halves(short_of(high, 0) + short_of(low, 0), short_of(high, 1) + short_of(low, 1));
     }},
    // The instruction would saturate, or is another's.
    {"r = as_type<uint>(bytes(a, b));",
     [](uint32_t a, uint32_t b, uint32_t) { return bytes(a, b); }},
    {"r = as_type<uint>(signed_bytes(a & 0x7F7F7F7F, b));",
     [](uint32_t a, uint32_t b, uint32_t) { return bytes(a & 0x7F7F7F7F, b); }},
    {"r = as_type<uint>(bytes_apart(a & 0x7F7F7F7F, b));",
     [](uint32_t a, uint32_t b, uint32_t) { return bytes(a & 0x7F7F7F7F, b, 2); }},
    {"r = uint(shorts(a, b));", [](uint32_t a, uint32_t b, uint32_t) { return shorts(a, b); }},
    {"r = uint(shorts(a & 0x00FF00FF, b));",
     [](uint32_t a, uint32_t b, uint32_t) { return shorts(a & 0x00FF00FF, b); }},
    {"const short2 h = as_type<short2>(a); r = uint(int(h.x) + int(h.y));",
     [](uint32_t a, uint32_t, uint32_t) { return uint32_t(short_of(a, 0) + short_of(a, 1)); }},
    {"r = uint(shorts(as_type<uint>(bytes(a & 0x3F3F3F3F, b)), 0x00050005 * l));",
     [](uint32_t a, uint32_t b, uint32_t l) {
       return shorts(bytes(a & 0x3F3F3F3F, b), 0x00050005 * l);
     }},
    // The same for all lanes, of one of the factors, and under a mask.
    {"r = as_type<uint>(bytes(in[1] & 0x7F7F7F7F, b));", nullptr},
    {"r = b; if (a & 1) r = as_type<uint>(bytes(a & 0x7F7F7F7F, b));",
     [](uint32_t a, uint32_t b, uint32_t) { return a & 1 ? bytes(a & 0x7F7F7F7F, b) : b; }},
};

}  // namespace

TEST_CASE("sums of two products") {
  std::string source = kHelpers;
  for (size_t k = 0; k < std::size(kCases); ++k)
    source += "kernel void products" + std::to_string(k) +
              "(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]],\n"
              "uint i [[thread_position_in_grid]], uint l [[thread_index_in_simdgroup]]) {\n"
              "  const uint a = in[2 * i], b = in[2 * i + 1]; uint r; " +
              kCases[k].code + " out[i] = r; }\n";
  Program program(source);
  std::mt19937 random(7);
  std::vector<uint32_t> in(200), out(100);
  for (uint32_t& each : in) each = random();
  // The largest and the smallest.
  in[0] = 0x7F7F7F7F, in[1] = 0x7F7F7F7F;
  in[2] = 0xFFFFFFFF, in[3] = 0x80808080;
  in[4] = 0x80007FFF, in[5] = 0x80008000;
  in[6] = 0x7FFF7FFF, in[7] = 0x80008000;
  for (size_t k = 0; k < std::size(kCases); ++k) {
    CAPTURE(std::string(kCases[k].code));
    program.run(("products" + std::to_string(k)).c_str(), {100}, {64}, {buffer(in), buffer(out)});
    for (uint32_t i = 0; i < 100; ++i) {
      const uint32_t a = in[2 * i], b = in[2 * i + 1], lane = i % 64 % 32;
      CHECK(out[i] == (kCases[k].want ? kCases[k].want(a, b, lane) : bytes(in[1] & 0x7F7F7F7F, b)));
    }
  }
}
