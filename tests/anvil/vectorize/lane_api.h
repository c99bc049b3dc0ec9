// lane_api.h: the IR contract as C++, for kernels of the vectoriser's tests.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "anvil/abi/kernel_abi.h"

#define LANE_PRIMITIVE extern "C" __attribute__((convergent, nothrow))
#define LANE_PURE extern "C" __attribute__((convergent, nothrow, const))

LANE_PURE uint32_t __anvil_ballot(bool);
LANE_PURE uint16_t __anvil_shuffle_i16(uint16_t, uint32_t);
LANE_PURE uint32_t __anvil_shuffle_i32(uint32_t, uint32_t);
LANE_PURE uint64_t __anvil_shuffle_i64(uint64_t, uint32_t);
LANE_PURE float __anvil_reduce_add_f32(float);
LANE_PURE float __anvil_reduce_mul_f32(float);
LANE_PURE float __anvil_reduce_max_f32(float);
LANE_PURE float __anvil_reduce_min_f32(float);
LANE_PURE int32_t __anvil_reduce_add_i32(int32_t);
LANE_PURE uint32_t __anvil_reduce_max_u32(uint32_t);
LANE_PURE int32_t __anvil_reduce_min_i32(int32_t);
LANE_PURE int32_t __anvil_reduce_or_i32(int32_t);
LANE_PURE int64_t __anvil_reduce_add_i64(int64_t);
LANE_PURE float __anvil_scan_inclusive_add_f32(float);
LANE_PURE int32_t __anvil_scan_exclusive_add_i32(int32_t);
LANE_PURE int32_t __anvil_scan_inclusive_mul_i32(int32_t);
LANE_PRIMITIVE void __anvil_threadgroup_barrier(uint32_t);
LANE_PRIMITIVE void __anvil_simdgroup_barrier(uint32_t);

using half = _Float16;
using Threadgroup = AnvilThreadgroup;

/// Buffer i of the dispatch.
template <typename T>
inline T* buffer(Threadgroup* tg, int index) {
  return static_cast<T*>(tg->dispatch->buffers[index]);
}

#define KERNEL extern "C" void anvil_scalar_entry(Threadgroup* tg, uint32_t simdgroup, uint32_t lane)
