// What a policy is, and what the stages build from one.
//
// A policy says how weights lie in memory and what they mean. `template <uint Width> struct P` has
//   Block                what one row is an array of; the stages index rows in blocks
//   kBlock               weights in a Block: 1 or a multiple of 32
//   value(block, i)      weight i of a block
//   position(lane, j)    where the lane's weight j (of Width) stands in a step: a step is
//                        32 * Width consecutive weights, whole blocks, taken by one simdgroup at once
//   dot(step, lane, x)   sum over j of weight(position(lane, j)) * x[j]; `step` points at the block
//                        that the step starts with
// position() and dot() are for GPUs: a lane should load four bytes or more at a time. On Anvil's
// CPU, where lanes are the elements of one vector register, NarrowLanes makes both from value().
// There value() is fast if neighbouring i read neighbouring bytes and codes stay bytes until they
// become floats: then one instruction serves a whole register of bytes.
//
// A policy of integer codes may have an integer form for narrow lanes, `struct PInteger` with
//   dot(step, lane, pairs, x_scale, x_sum)   the lane's part of the product of 256 weights with the
//                                            inputs that lib/gemv_input.metal has made ready
#pragma once
#include "lib/common.metal"

/// The lane's weight of the 32 that start at `first`, a multiple of 32.
template <class Policy>
inline float weight_of_lane(device const typename Policy::Block* row, uint first, uint lane) {
  if (Policy::kBlock == 1) return Policy::value(row[first + lane], 0);
  if (Policy::kBlock == 32) return Policy::value(row[first / 32], lane);
  return Policy::value(row[first / Policy::kBlock], first % Policy::kBlock + lane);
}

/// Weight k of a row, whatever the lane.
template <class Policy>
inline float weight_at(device const typename Policy::Block* row, uint k) {
  return Policy::value(row[k / Policy::kBlock], k % Policy::kBlock);
}

/// The policy for lanes that are the elements of a vector register: neighbouring lanes have
/// neighbouring weights, and scales are one for all lanes where they are one for 32 weights.
/// Width: 32 * Width weights are whole blocks.
template <class Policy, uint Width>
struct NarrowLanes {
  using Block = typename Policy::Block;
  FOUNDRY_CONSTANT uint kBlock = Policy::kBlock;
  static_assert(32 * Width % Policy::kBlock == 0, "a step must be whole blocks");

  static uint position(uint lane, uint j) { return 32 * j + lane; }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    float sum = 0.0f;
#pragma unroll
    for (uint j = 0; j < Width; ++j) sum += weight_of_lane<Policy>(step, 32 * j, lane) * x[j];
    return sum;
  }

  static float value(device const Block& block, uint i) { return Policy::value(block, i); }
};

/// Four neighbouring bytes, the first in the low bits. Their address is even.
inline uint even_uint(device const void* bytes) {
  device const ushort* halves = static_cast<device const ushort*>(bytes);
  return uint(halves[0]) | uint(halves[1]) << 16;
}

/// Likewise; their address is a multiple of four.
inline uint aligned_uint(device const void* bytes) {
  return *static_cast<device const uint*>(bytes);
}
