// Reductions over a whole threadgroup; every thread of it must call them. `slots` has one element
// per simdgroup (32 suffice: 1024 threads), and may be reused right after the call.
#pragma once
#include "lib/common.metal"

inline float threadgroup_sum(float value, threadgroup float* slots, uint simdgroups, uint simdgroup,
                             uint lane) {
  const float partial = simd_sum(value);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (lane == 0) slots[simdgroup] = partial;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return simd_sum(lane < simdgroups ? slots[lane] : 0.0f);
}

inline uint threadgroup_min(uint value, threadgroup uint* slots, uint simdgroups, uint simdgroup,
                            uint lane) {
  const uint partial = simd_min(value);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (lane == 0) slots[simdgroup] = partial;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return simd_min(lane < simdgroups ? slots[lane] : 0xffffffffu);
}

inline float threadgroup_max(float value, threadgroup float* slots, uint simdgroups, uint simdgroup,
                             uint lane) {
  const float partial = simd_max(value);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (lane == 0) slots[simdgroup] = partial;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return simd_max(lane < simdgroups ? slots[lane] : -INFINITY);
}
