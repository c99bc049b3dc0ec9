// The input of matrix-vector products with blocks of 256 codes below 128: 16-bit numbers as two
// signed bytes each, so that codes stay bytes and the products of neighbours are added in 16 bits.
//
// Eight lanes share a block, whose runs are of 32 weights: of each run, lane l has the four
// neighbouring weights from 4 (l % 8) on. A simdgroup takes four blocks at once.
#pragma once
#include "lib/gemv_input.metal"
#include "lib/lane_sums.metal"

// Of 32 inputs of a lane the largest becomes this, the largest number whose high byte is one.
FOUNDRY_GLOBAL float kLargestOfTwoBytes = 127 * 256 + 127;

/// Sums of two products of neighbouring bytes: one instruction on processors that multiply bytes.
/// Codes are below 128, so that 16 bits hold them.
inline short2 byte_products(uint codes, uint inputs) {
  const short4 products = short4(as_type<uchar4>(codes)) * short4(as_type<char4>(inputs));
  return products.xz + products.yw;
}

/// Two bytes of each of four numbers, the high ones and the low ones: a number is
/// 256 * high + low, both signed.
inline uint2 two_bytes(int4 numbers) {
  const int4 high = (numbers + 128) >> 8;
  return uint2(as_type<uint>(uchar4(high)), as_type<uint>(uchar4(numbers)));
}

/// Sums of products with the high bytes of inputs and with the low ones.
struct ByteSums {
  int high;
  int low;
};

/// A lane's inputs of a block.
struct LaneBytes {
  threadgroup const uint* high;        // of run r at [8 * r]
  threadgroup const uint* low;         // likewise
  threadgroup const float* half_sums;  // of the block, as GemvBytes has them
  float run_sum;                       // of run l % 8
  float scale;

  /// Adds products of the lane's four of a run and `factors`, the same number in both halves.
  void add(thread ByteSums& to, uint run, uint codes, uint factors) const {
    to.high += dot_pair(byte_products(codes, high[8 * run]), as_type<short2>(factors));
    to.low += dot_pair(byte_products(codes, low[8 * run]), as_type<short2>(factors));
  }

  /// What they are the sum of.
  float total(ByteSums sums_of_bytes) const {
    FOUNDRY_IN_ORDER
    return scale * (256.0f * float(sums_of_bytes.high) + float(sums_of_bytes.low));
  }
};

/// Of half a block's eight bytes, one for each sixteen weights, that of the lane's four of run l % 4:
/// in the upper bits, above zeros.
inline uint sixteenth_byte(device const uchar* bytes, uint lane) {
  const uint four = lane % 4 < 2 ? any_uint(bytes) : any_uint(bytes + 4);
  return four << (24 - lane % 2 * 16 - lane / 4 % 2 * 8) & 0xFF000000;
}

/// Bit `from` of each byte as its bit `to`, and so those beside it.
inline uint moved_bits(uint bytes, uint from, uint to) {
  return from < to ? bytes << (to - from) : bytes >> (from - to);
}

/// Those of block `first` + lane / 8 of the token whose inputs start at `part`.
inline LaneBytes lane_bytes(threadgroup const GemvBytes& bytes, uint part, uint first, uint lane) {
  const uint fours = part / 4 + first * 64 + lane / 8 * 64 + lane % 8;
  return {bytes.high + fours, bytes.low + fours,
          bytes.half_sums + part / 16 + first * 16 + lane / 8 * 16,
          bytes.run_sums[part / 32 + first * 8 + lane],
          bytes.scales[part / 32 + first * 8 + lane]};
}

/// The sum of four signed bytes.
inline int sum_of_bytes(uint bytes) {
  const short4 each = short4(as_type<char4>(bytes));
  const short2 sums = each.xz + each.yw;
  return int(sums.x) + int(sums.y);
}

/// Whether they are numbers that bytes can stand for.
inline bool prepare_lane_bytes(uint part, uint first, threadgroup GemvInput& input, uint lane) {
  const uint block = first + lane / 8;
  threadgroup const float4* own =
      reinterpret_cast<threadgroup const float4*>(input.x + part + block * 256 + lane % 8 * 4);
  uint4 sizes = 0;
#pragma unroll
  for (uint run = 0; run < 8; ++run) sizes = max(sizes, magnitude_bits(own[8 * run]));
  const uint bits = max(max(sizes.x, sizes.y), max(sizes.z, sizes.w));
  if (bits >= kInfinityBits || (bits != 0 && bits < kSmallestPairBits)) return false;
  const float largest = as_type<float>(bits);
  const float inverse = largest > 0.0f ? kLargestOfTwoBytes / largest : 0.0f;
  const float scale = largest / kLargestOfTwoBytes;
  threadgroup GemvBytes& bytes = input.bytes;
  bytes.scales[part / 32 + first * 8 + lane] = scale;
  float sums[8];
#pragma unroll
  for (uint run = 0; run < 8; ++run) {
    const uint2 two = two_bytes(int4(rint(own[8 * run] * inverse)));
    const uint four = part / 4 + block * 64 + run * 8 + lane % 8;
    bytes.high[four] = two.x;
    bytes.low[four] = two.y;
    sums[run] = scale * float(256 * sum_of_bytes(two.x) + sum_of_bytes(two.y));
  }
  // Over the four lanes of a half of a run: lane l ends up with run l % 4 of the four.
  float quarters[2];
#pragma unroll
  for (uint i = 0; i < 2; ++i) {
    quarters[i] = merged_sum(merged_sum(sums[4 * i], sums[4 * i + 1], 1, lane),
                             merged_sum(sums[4 * i + 2], sums[4 * i + 3], 1, lane), 2, lane);
    bytes.half_sums[part / 16 + block * 16 + 8 * i + lane % 8] = quarters[i];
  }
  bytes.run_sums[part / 32 + first * 8 + lane] = merged_sum(quarters[0], quarters[1], 4, lane);
  return true;
}

/// As prepare_pairs() (lib/gemv_input.metal), of rows that are whole blocks.
template <class Tokens>
inline void prepare_bytes(Tokens tokens, uint columns, threadgroup GemvInput& input,
                          uint simdgroup, uint simdgroups, uint lane) {
  const uint blocks = columns / 256;
#pragma nounroll
  for (uint t = 0; t < Tokens::kCount; ++t) {
    if (!tokens.has(t)) continue;
    const uint part = t * (kGemvInputColumns / Tokens::kCount);
    for (uint first = simdgroup * 4; first < blocks; first += simdgroups * 4) {
      bool stands = true;
      if (first + lane / 8 < blocks) stands = prepare_lane_bytes(part, first, input, lane);
      if (!simd_all(stands) && lane == 0) input.steps[t] = 0;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
}
