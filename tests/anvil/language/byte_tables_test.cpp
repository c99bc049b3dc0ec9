// Look-ups in constant tables of bytes, which may be shuffles
// (cpp/anvil/compiler/simd/byte_tables.hpp).
#include <functional>
#include <random>

#include "program.hpp"

using language::buffer;
using language::Program;

namespace {

// Tables of a register and less, one of more, one whose elements are signed.
constexpr uint8_t kSixteen[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                  129, 141, 153, 166, 181, 197, 217, 241};
constexpr uint8_t kFive[5] = {200, 3, 0, 255, 17};
constexpr uint8_t kSeventeen[17] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 250, 251, 252, 253, 254, 255, 77};
constexpr int8_t kSigned[12] = {-128, 127, -1, 0, 5, -5, 64, -64, 33, -33, 2, -2};

const char* const kTables = R"(
#include <metal_stdlib>
using namespace metal;
constant uchar sixteen[16] = {1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241};
constant uchar five[5] = {200, 3, 0, 255, 17};
constant uchar seventeen[17] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 250, 251, 252, 253, 254, 255, 77};
constant char signed_ones[12] = {-128, 127, -1, 0, 5, -5, 64, -64, 33, -33, 2, -2};
#define FOUR(table, a, b, c, d) as_type<uint>(uchar4(table[a], table[b], table[c], table[d]))
)";

uint32_t word(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a | b << 8 | c << 16 | d << 24;
}

struct Case {
  const char* code;  // sets `r` from `w` and `l`
  std::function<uint32_t(uint32_t, uint32_t)> want;
};

const Case kCases[] = {
    {"r = sixteen[w & 15];", [](uint32_t w, uint32_t) { return kSixteen[w & 15]; }},
    {"r = sixteen[(w & 7) + 5];", [](uint32_t w, uint32_t) { return kSixteen[(w & 7) + 5]; }},
    {"r = five[w % 5];", [](uint32_t w, uint32_t) { return kFive[w % 5]; }},
    {"r = seventeen[w % 17];", [](uint32_t w, uint32_t) { return kSeventeen[w % 17]; }},
    {"r = uint(int(signed_ones[w % 12]));",
     [](uint32_t w, uint32_t) { return uint32_t(int32_t(kSigned[w % 12])); }},
    {"r = as_type<uint>(float(signed_ones[w % 12]) * 0.5f);",
     [](uint32_t w, uint32_t) {
       return __builtin_bit_cast(uint32_t, float(kSigned[w % 12]) * 0.5f);
     }},
    {"r = l % 3 == 0 ? 7u : uint(sixteen[w >> 28]);",
     [](uint32_t w, uint32_t l) { return l % 3 == 0 ? 7u : kSixteen[w >> 28]; }},
    {"r = 3; if (w & 64) { r = sixteen[w & 15]; if (w & 128) r += five[w >> 20 & 3]; }",
     [](uint32_t w, uint32_t) {
       if (!(w & 64)) return 3u;
       return kSixteen[w & 15] + (w & 128 ? uint32_t(kFive[w >> 20 & 3]) : 0);
     }},
    {"const uchar4 c = as_type<uchar4>(w & 0x0F0F0F0F); r = FOUR(sixteen, c.x, c.y, c.z, c.w);",
     [](uint32_t w, uint32_t) {
       return word(kSixteen[w & 15], kSixteen[w >> 8 & 15], kSixteen[w >> 16 & 15],
                   kSixteen[w >> 24 & 15]);
     }},
    {"const uchar4 c = as_type<uchar4>(w >> 4 & 0x0F0F0F0F); r = FOUR(sixteen, c.x, c.y, c.z, "
     "c.w);",
     [](uint32_t w, uint32_t) {
       return word(kSixteen[w >> 4 & 15], kSixteen[w >> 12 & 15], kSixteen[w >> 20 & 15],
                   kSixteen[w >> 28]);
     }},
    {"r = FOUR(five, w & 3, w >> 8 & 3, w >> 16 & 3, w >> 24 & 3);",
     [](uint32_t w, uint32_t) {
       return word(kFive[w & 3], kFive[w >> 8 & 3], kFive[w >> 16 & 3], kFive[w >> 24 & 3]);
     }},
    {"r = FOUR(sixteen, w & 3, w >> 8 & 15, w >> 16 & 7, w >> 24 & 1);",
     [](uint32_t w, uint32_t) {
       return word(kSixteen[w & 3], kSixteen[w >> 8 & 15], kSixteen[w >> 16 & 7],
                   kSixteen[w >> 24 & 1]);
     }},
    // Not the bytes of one word in their order, or not of one table.
    {"r = FOUR(sixteen, w >> 8 & 15, w & 15, w >> 16 & 15, w >> 24 & 15);",
     [](uint32_t w, uint32_t) {
       return word(kSixteen[w >> 8 & 15], kSixteen[w & 15], kSixteen[w >> 16 & 15],
                   kSixteen[w >> 24 & 15]);
     }},
    {"r = FOUR(sixteen, w & 15, w >> 4 & 15, w >> 8 & 15, w >> 12 & 15);",
     [](uint32_t w, uint32_t) {
       return word(kSixteen[w & 15], kSixteen[w >> 4 & 15], kSixteen[w >> 8 & 15],
                   kSixteen[w >> 12 & 15]);
     }},
    {"r = as_type<uint>(uchar4(sixteen[w & 3], five[w >> 8 & 3], sixteen[w >> 16 & 3], five[0]));",
     [](uint32_t w, uint32_t) {
       return word(kSixteen[w & 3], kFive[w >> 8 & 3], kSixteen[w >> 16 & 3], kFive[0]);
     }},
    {"const uint o = w ^ l; r = FOUR(seventeen, o & 15, o >> 8 & 15, o >> 16 & 15, o >> 24 & 15);",
     [](uint32_t w, uint32_t l) {
       const uint32_t o = w ^ l;
       return word(kSeventeen[o & 15], kSeventeen[o >> 8 & 15], kSeventeen[o >> 16 & 15],
                   kSeventeen[o >> 24 & 15]);
     }},
    // The same for all lanes, and under a mask.
    {"const uint u = in[0] & 0x0F0F0F0F; const uchar4 c = as_type<uchar4>(u); "
     "r = FOUR(sixteen, c.x, c.y, c.z, c.w) ^ l;",
     nullptr},
    {"r = w; if (w & 1) { const uchar4 c = as_type<uchar4>(w & 0x0F0F0F0F); "
     "r = FOUR(sixteen, c.x, c.y, c.z, c.w); }",
     [](uint32_t w, uint32_t) {
       return w & 1 ? word(kSixteen[w & 15], kSixteen[w >> 8 & 15], kSixteen[w >> 16 & 15],
                           kSixteen[w >> 24 & 15])
                    : w;
     }},
};

}  // namespace

TEST_CASE("bytes out of constant tables") {
  std::string source = kTables;
  for (size_t k = 0; k < std::size(kCases); ++k)
    source += "kernel void look_up" + std::to_string(k) +
              "(device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]],\n"
              "uint i [[thread_position_in_grid]], uint l [[thread_index_in_simdgroup]]) {\n"
              "  const uint w = in[i]; uint r; " +
              kCases[k].code + " out[i] = r; }\n";
  Program program(source);
  std::mt19937 random(5);
  std::vector<uint32_t> in(100), out(100);
  for (uint32_t& each : in) each = random();
  const uint32_t first = in[0];
  for (size_t k = 0; k < std::size(kCases); ++k) {
    CAPTURE(std::string(kCases[k].code));
    program.run(("look_up" + std::to_string(k)).c_str(), {100}, {64}, {buffer(in), buffer(out)});
    for (uint32_t i = 0; i < 100; ++i) {
      const uint32_t lane = i % 64 % 32;
      const uint32_t same = word(kSixteen[first & 15], kSixteen[first >> 8 & 15],
                                 kSixteen[first >> 16 & 15], kSixteen[first >> 24 & 15]) ^
                            lane;
      CHECK(out[i] == (kCases[k].want ? kCases[k].want(in[i], lane) : same));
    }
  }
}
