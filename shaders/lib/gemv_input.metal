// The input of matrix-vector products, made ready once in threadgroup memory for all rows that a
// threadgroup takes.
//
// For devices with narrow lanes (fusion/policy.hpp), where threadgroups are few, take many rows
// each, and threadgroup memory is the processor's first cache. GPUs run thousands of threadgroups of
// a few rows: there the prologue costs nothing beside the weights, and a barrier would.
#pragma once
#include "lib/few_tokens.metal"
#include "lib/non_finite.metal"

// Of all tokens that a threadgroup takes; the host has both too: fusion/linear_plan.hpp.
FOUNDRY_GLOBAL uint kGemvInputColumns = 4096;
FOUNDRY_GLOBAL uint kGemvTokensTogether = 4;

/// Inputs as 16-bit numbers and a scale for each lane's eight, for products with integer codes. A
/// step is 256 inputs, taken in pairs: lane l has bytes 4 (l % 4) to 4 (l % 4) + 3 of block l / 4
/// where a byte holds codes i and i + 16, so its pairs are the codes (0, 2), (16, 18), (1, 3),
/// (17, 19) from 4 (l % 4) on. Rounding is by 2^-16 of the largest of the eight at most.
/// Inputs that 16 bits and a scale cannot stand for are multiplied as floats, all of them.
struct GemvPairs {
  short2 values[kGemvInputColumns / 2];  // [token][step][pair of the lane][lane]
  float scales[kGemvInputColumns / 8];   // [token][step][lane]
  // [token][step][lane]: of the lane's eight inputs, rounded. Codes and minimum then multiply the same
  // numbers, so that an error counts with the weight and not with its code alone, which is larger.
  float sums[kGemvInputColumns / 8];
  uint steps[kGemvTokensTogether];  // of a token that are there: all whole ones, or none
};

// Magnitudes of the largest of a lane's inputs between which 32767 over it, it over 32767, and the
// codes are numbers: 2^-96, and below infinity.
FOUNDRY_GLOBAL uint kSmallestPairBits = 0x0f800000u;

struct GemvInput {
  float x[kGemvInputColumns];
  GemvPairs pairs;
};

/// A prologue whose result lies in threadgroup memory, where each of Count tokens from `first` on
/// has an equal part.
template <uint Count>
struct InMemory {
  FOUNDRY_CONSTANT uint kColumns = kGemvInputColumns / Count;
  threadgroup const GemvInput* input;
  uint first;

  float scale(uint, uint) const { return 1.0f; }
  float at(uint token, uint k, float) const { return input->x[(token - first) * kColumns + k]; }
};

template <class Tokens>
inline InMemory<Tokens::kCount> in_memory(threadgroup const GemvInput& input, Tokens tokens) {
  return {&input, first_of(tokens)};
}

/// Every simdgroup of the threadgroup must call it.
template <class Prologue, class Tokens>
inline void prepare_floats(Prologue prologue, Tokens tokens, uint columns,
                           threadgroup GemvInput& input, uint simdgroup, uint simdgroups,
                           uint lane) {
#pragma nounroll
  for (uint t = 0; t < Tokens::kCount; ++t) {
    if (!tokens.has(t)) continue;
    const uint token = tokens.at(t);
    threadgroup float* x = input.x + t * (kGemvInputColumns / Tokens::kCount);
    const auto scale = prologue.scale(token, lane);
    if (simdgroup == 0 && lane == 0) input.pairs.steps[t] = columns / 256;
    for (uint k = simdgroup * 32 + lane; k < columns; k += simdgroups * 32) {
      x[k] = prologue.at(token, k, scale);
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
}

/// A token's inputs and their pairs, in the token's part of the memory.
inline void prepare_pairs_of(uint t, uint part, uint columns, threadgroup GemvInput& input,
                             uint simdgroup, uint simdgroups, uint lane) {
  for (uint step = simdgroup; step < columns / 256; step += simdgroups) {
    threadgroup const float4* own = reinterpret_cast<threadgroup const float4*>(
        input.x + part + step * 256 + lane / 4 * 32 + lane % 4 * 4);
    const float4 low = own[0];
    const float4 high = own[4];
    // By their bits: NaN is above infinity there, where max() of floats drops it.
    const uint4 sizes = max(magnitude_bits(low), magnitude_bits(high));
    const uint bits = max(max(sizes.x, sizes.y), max(sizes.z, sizes.w));
    if (simd_any(bits >= kInfinityBits || (bits != 0 && bits < kSmallestPairBits))) {
      if (lane == 0) input.pairs.steps[t] = 0;
      continue;
    }
    const float largest = as_type<float>(bits);
    const float inverse = largest > 0.0f ? 32767.0f / largest : 0.0f;
    const short4 low_numbers = short4(rint(low * inverse));
    const short4 high_numbers = short4(rint(high * inverse));
    const uint first = part / 2 + step * 128 + lane;
    input.pairs.values[first] = low_numbers.xz;
    input.pairs.values[first + 32] = high_numbers.xz;
    input.pairs.values[first + 64] = low_numbers.yw;
    input.pairs.values[first + 96] = high_numbers.yw;
    const float scale = largest / 32767.0f;
    const int4 sums = int4(low_numbers) + int4(high_numbers);
    input.pairs.scales[part / 8 + step * 32 + lane] = scale;
    input.pairs.sums[part / 8 + step * 32 + lane] =
        scale * float(sums.x + sums.y + sums.z + sums.w);
  }
}

/// Whole steps only; after prepare_floats(). Every simdgroup of the threadgroup must call it.
template <class Tokens>
inline void prepare_pairs(Tokens tokens, uint columns, threadgroup GemvInput& input,
                          uint simdgroup, uint simdgroups, uint lane) {
#pragma nounroll
  for (uint t = 0; t < Tokens::kCount; ++t) {
    if (!tokens.has(t)) continue;
    prepare_pairs_of(t, t * (kGemvInputColumns / Tokens::kCount), columns, input, simdgroup,
                     simdgroups, lane);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
}

/// a.x * b.x + a.y * b.y: one instruction on processors that multiply 16-bit pairs.
inline int dot_pair(short2 a, short2 b) {
  const int2 products = int2(a) * int2(b);
  return products.x + products.y;
}

/// The sum over the lane's pairs of four-bit codes; pair p lies at bits 4p of both halves.
inline int dot_nibbles(uint codes, threadgroup const short2* own) {
  int sum = 0;
#pragma unroll
  for (uint p = 0; p < 4; ++p) {
    sum += dot_pair(as_type<short2>(codes >> 4 * p & 0x000F000F), own[p * 32]);
  }
  return sum;
}

/// Likewise of four bytes, less `offset`: codes i to i + 3 of a block, whose pairs are the first and
/// the third of the lane's; codes i + 16 to i + 19 have those that follow (own + 32).
inline int dot_bytes(uint codes, short offset, threadgroup const short2* own) {
  const uint mask = 0x00FF00FF;
  return dot_pair(as_type<short2>(codes & mask) - offset, own[0]) +
         dot_pair(as_type<short2>(codes >> 8 & mask) - offset, own[64]);
}
inline int dot_bytes(uint low, uint high, short offset, threadgroup const short2* own) {
  return dot_bytes(low, offset, own) + dot_bytes(high, offset, own + 32);
}

/// Bit i of four as bit 4 of byte i: the fifth bit of a code.
inline uint fifth_bits(uint bits) {
  return ((bits & 15) * 0x00204081 & 0x01010101) << 4;
}

/// A uint at any address, which every CPU reads as fast as another.
struct __attribute__((packed)) UnalignedUint {
  uint value;
};
inline uint any_uint(device const uchar* bytes) {
  return reinterpret_cast<device const UnalignedUint*>(bytes)->value;
}
