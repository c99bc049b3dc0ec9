// What this library asks of the compiler: the operations that cross lanes. The front end replaces
// __anvil_lane and __anvil_simdgroup by the thunk's arguments; the vectoriser implements the rest.
#pragma once

#include "types.h"

#define ANVIL_PURE __attribute__((convergent, nothrow, const))

extern "C" {
uint __anvil_lane() __attribute__((nothrow, const));
uint __anvil_simdgroup() __attribute__((nothrow, const));

uint __anvil_ballot(bool) ANVIL_PURE;
ushort __anvil_shuffle_i16(ushort, uint lane) ANVIL_PURE;
uint __anvil_shuffle_i32(uint, uint lane) ANVIL_PURE;
ulong __anvil_shuffle_i64(ulong, uint lane) ANVIL_PURE;

float __anvil_reduce_add_f32(float) ANVIL_PURE;
uint __anvil_reduce_add_i32(uint) ANVIL_PURE;
ulong __anvil_reduce_add_i64(ulong) ANVIL_PURE;
float __anvil_reduce_mul_f32(float) ANVIL_PURE;
uint __anvil_reduce_mul_i32(uint) ANVIL_PURE;
ulong __anvil_reduce_mul_i64(ulong) ANVIL_PURE;
float __anvil_reduce_min_f32(float) ANVIL_PURE;
int __anvil_reduce_min_i32(int) ANVIL_PURE;
uint __anvil_reduce_min_u32(uint) ANVIL_PURE;
long __anvil_reduce_min_i64(long) ANVIL_PURE;
ulong __anvil_reduce_min_u64(ulong) ANVIL_PURE;
float __anvil_reduce_max_f32(float) ANVIL_PURE;
int __anvil_reduce_max_i32(int) ANVIL_PURE;
uint __anvil_reduce_max_u32(uint) ANVIL_PURE;
long __anvil_reduce_max_i64(long) ANVIL_PURE;
ulong __anvil_reduce_max_u64(ulong) ANVIL_PURE;
uint __anvil_reduce_and_i32(uint) ANVIL_PURE;
ulong __anvil_reduce_and_i64(ulong) ANVIL_PURE;
uint __anvil_reduce_or_i32(uint) ANVIL_PURE;
ulong __anvil_reduce_or_i64(ulong) ANVIL_PURE;
uint __anvil_reduce_xor_i32(uint) ANVIL_PURE;
ulong __anvil_reduce_xor_i64(ulong) ANVIL_PURE;

float __anvil_scan_inclusive_add_f32(float) ANVIL_PURE;
uint __anvil_scan_inclusive_add_i32(uint) ANVIL_PURE;
ulong __anvil_scan_inclusive_add_i64(ulong) ANVIL_PURE;
float __anvil_scan_inclusive_mul_f32(float) ANVIL_PURE;
uint __anvil_scan_inclusive_mul_i32(uint) ANVIL_PURE;
ulong __anvil_scan_inclusive_mul_i64(ulong) ANVIL_PURE;
float __anvil_scan_exclusive_add_f32(float) ANVIL_PURE;
uint __anvil_scan_exclusive_add_i32(uint) ANVIL_PURE;
ulong __anvil_scan_exclusive_add_i64(ulong) ANVIL_PURE;
float __anvil_scan_exclusive_mul_f32(float) ANVIL_PURE;
uint __anvil_scan_exclusive_mul_i32(uint) ANVIL_PURE;
ulong __anvil_scan_exclusive_mul_i64(ulong) ANVIL_PURE;

void __anvil_threadgroup_barrier(uint flags) __attribute__((convergent, nothrow));
void __anvil_simdgroup_barrier(uint flags) __attribute__((convergent, nothrow));

// A product of matrices, as abi/matrix_abi.h has it, of each simdgroup that gets there once, whatever
// its lanes. `memory`: d lies there. `lanes_2`, `lanes_4`: d is an array of elements of so many bytes
// in each lane.
#define ANVIL_MATRIX_MULTIPLY(where)                                                           \
  void __anvil_matrix_multiply_##where(void* d, uint d_kind, long d_stride, const void* a,     \
                                       uint a_kind, long a_stride, const void* b, uint b_kind, \
                                       long b_stride, uint m, uint n, uint k, uint flags)      \
      __attribute__((convergent, nothrow));
ANVIL_MATRIX_MULTIPLY(memory)
ANVIL_MATRIX_MULTIPLY(lanes_2)
ANVIL_MATRIX_MULTIPLY(lanes_4)
#undef ANVIL_MATRIX_MULTIPLY

void __anvil_log(const char* subsystem, const char* category, uint level, const char* format,
                 uint kinds, ulong, ulong, ulong, ulong, ulong, ulong, ulong, ulong, ulong, ulong,
                 ulong, ulong, ulong, ulong, ulong, ulong) __attribute__((nothrow));
}

#undef ANVIL_PURE
