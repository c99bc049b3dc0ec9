// Loops whose lanes take turns: rounds with all lanes, some and the first few.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "program.hpp"

using language::buffer;
using language::Program;
using language::value;

// The last round of a loop whose lanes take turns has any number of them, and code of its own for a
// few: values go in and out of it, of several sizes, and lanes leave inner loops at different
// times.
TEST_CASE("rounds of a loop with all lanes, some and the first few") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
kernel void rounds(device const uint4* in [[buffer(0)]], device const uchar* bytes [[buffer(1)]],
                   device uint* out [[buffer(2)]], device uint2* pairs [[buffer(3)]],
                   constant uint& count [[buffer(4)]], uint lane [[thread_index_in_simdgroup]]) {
  uint sum = lane, last = 0;
  ulong product = 1;
  half small = 0;
  ushort4 mixed = ushort4(lane);
  bool odd = false;
  for (uint k = lane; k < count; k += 32) {
    const uint4 v = in[k];
    const uint b = bytes[k * 3] + bytes[k * 3 + 1] * 256u;
    uint steps = 0;
    for (uint n = v.x % 23; n > 0; n = n % 2 ? n - 1 : n / 2) {
      steps += n * v.y;
      if (steps % 11 == 7) break;
      odd = !odd;
    }
    if (v.z % 3 == lane % 3) {
      sum = sum * 5 + b;
      mixed = mixed.wxyz + ushort4(v);
    } else {
      product = product * 3 + ulong(v.w) * b;
      small += half(v.w % 4);
    }
    last = steps;
    pairs[k] = uint2(steps ^ b, v.x * 7 + v.y * 3 + v.z * 5 + v.w);
  }
  const uint all = simd_sum(last);
  device uint* mine = out + lane * 8;
  mine[0] = sum; mine[1] = last; mine[2] = uint(product); mine[3] = uint(product >> 32);
  mine[4] = uint(float(small)); mine[5] = mixed.x | uint(mixed.y) << 16;
  mine[6] = mixed.z | uint(mixed.w) << 16; mine[7] = all * 2 + (odd ? 1 : 0);
}
)");
  for (const uint32_t count : {0u, 1u, 5u, 8u, 9u, 31u, 32u, 36u, 40u, 41u, 64u, 100u}) {
    CAPTURE(count);
    std::vector<uint32_t> in(count * 4 + 4), out(32 * 8, 9), pairs(count * 2 + 2, 9);
    std::vector<uint8_t> bytes(count * 3 + 3);
    for (size_t i = 0; i < in.size(); ++i) in[i] = uint32_t(i * 2654435761u) >> 13;
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = uint8_t(i * 61 + i / 7);
    std::vector<uint32_t> expected(out.size()), expected_pairs = pairs;
    uint32_t all = 0;
    for (uint32_t lane = 0; lane < 32; ++lane) {
      uint32_t sum = lane, last = 0, small = 0;
      uint64_t product = 1;
      std::array<uint16_t, 4> mixed;
      mixed.fill(uint16_t(lane));
      bool odd = false;
      for (uint32_t k = lane; k < count; k += 32) {
        const uint32_t* v = &in[k * 4];
        const uint32_t b = bytes[k * 3] + bytes[k * 3 + 1] * 256u;
        uint32_t steps = 0;
        for (uint32_t n = v[0] % 23; n > 0; n = n % 2 ? n - 1 : n / 2) {
          steps += n * v[1];
          if (steps % 11 == 7) break;
          odd = !odd;
        }
        if (v[2] % 3 == lane % 3) {
          sum = sum * 5 + b;
          const auto before = mixed;
          for (unsigned i = 0; i < 4; ++i) mixed[i] = uint16_t(before[(i + 3) % 4] + v[i]);
        } else {
          product = product * 3 + uint64_t{v[3]} * b;
          small += v[3] % 4;
        }
        last = steps;
        expected_pairs[k * 2] = steps ^ b;
        expected_pairs[k * 2 + 1] = v[0] * 7 + v[1] * 3 + v[2] * 5 + v[3];
      }
      all += last;
      const std::array<uint32_t, 8> mine{sum,
                                         last,
                                         uint32_t(product),
                                         uint32_t(product >> 32),
                                         small,
                                         mixed[0] | uint32_t{mixed[1]} << 16,
                                         mixed[2] | uint32_t{mixed[3]} << 16,
                                         odd};
      std::copy(mine.begin(), mine.end(), &expected[lane * 8]);
    }
    for (uint32_t lane = 0; lane < 32; ++lane) expected[lane * 8 + 7] += all * 2;
    program.run("rounds", {32}, {32},
                {buffer(in), buffer(bytes), buffer(out), buffer(pairs), value(count)});
    CHECK(out == expected);
    CHECK(pairs == expected_pairs);
  }
}

// A part with few instructions, but of vectors, has code for a few lanes as well.
TEST_CASE("rounds of products of short vectors") {
  Program program(R"(
#include <metal_stdlib>
using namespace metal;
kernel void rounds(device const float4* x [[buffer(0)]], device const char4* y [[buffer(1)]],
                   device float* out [[buffer(2)]], constant uint& blocks [[buffer(3)]],
                   uint lane [[thread_index_in_simdgroup]]) {
  float sum = 0;
  for (uint block = lane / 2; block < blocks; block += 16) {
    const uint first = block * 8 + lane % 2 * 4;
    for (uint i = 0; i < 4; ++i) sum += dot(x[first + i], float4(y[first + i]));
  }
  out[lane] = sum;
}
)");
  for (const uint32_t blocks : {0u, 1u, 2u, 4u, 5u, 8u, 15u, 16u, 18u, 24u, 33u}) {
    CAPTURE(blocks);
    std::vector<float> x(blocks * 32 + 4), out(32, -1), expected(32);
    std::vector<int8_t> y(blocks * 32 + 4);
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = float(int(i * 37 % 101) - 50);  // sums of products stay below 2^24: exact
      y[i] = int8_t(int(i * 53 % 41) - 20);
    }
    for (uint32_t i = 0; i < blocks * 32; ++i)
      expected[i / 32 % 16 * 2 + i % 32 / 16] += x[i] * float(y[i]);
    program.run("rounds", {32}, {32}, {buffer(x), buffer(y), buffer(out), value(blocks)});
    CHECK(out == expected);
  }
}
