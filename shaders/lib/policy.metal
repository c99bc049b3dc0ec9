// What a policy is, and what the stages build from one.
//
// A policy says how weights lie in memory and what they mean. `template <uint Width> struct P` has
//   Block                         what one row is an array of; the stages index rows in blocks
//   kBlock                        weights in a Block
//   position(lane, j)             where the lane's weight j (of Width) stands in a step: a step is
//                                 32 * Width consecutive weights, taken by one simdgroup at once
//   dot(step, lane, x)            sum over j of weight(position(lane, j)) * x[j]; `step` points at
//                                 the block that the step starts with
//   value(block, i)               weight i of a block
// Width is chosen by the host (fusion/policy.hpp): wide on GPUs, where a lane should load four
// bytes or more at a time; narrow on Anvil's CPU, where lanes are the elements of one vector
// register.
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
