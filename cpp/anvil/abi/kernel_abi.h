/* kernel_abi.h: what a compiled kernel and the CPU executor agree on. Plain C: generated code is
   built against these layouts, so a change of any of them is a new ANVIL_ABI_VERSION. */
#ifndef ANVIL_ABI_KERNEL_ABI_H
#define ANVIL_ABI_KERNEL_ABI_H

#include <stdint.h>

#define ANVIL_ABI_VERSION 5

/* Metal's limits ("Metal Feature Set Tables", Apple). */
#define ANVIL_SIMD_WIDTH 32
#define ANVIL_MAX_BUFFERS 31
#define ANVIL_MAX_THREADS_PER_THREADGROUP 1024

/* Of the same tables, what kernels do not see: bytes of all of a threadgroup's memory, as Apple's
   GPUs have, and of one setBytes. */
#define ANVIL_MAX_THREADGROUP_MEMORY (32 << 10)
#define ANVIL_MAX_INLINE_BYTES 4096

/* Alignment of static_memory and of every threadgroup_memory[i]. */
#define ANVIL_THREADGROUP_MEMORY_ALIGNMENT 128

/* What a kernel's shared object exports: an AnvilEntry; and, written by the compiler, a uint64_t,
   the bytes of stack that a call of it takes, and an AnvilLines, where its code comes from. */
#define ANVIL_ENTRY_SYMBOL "anvil_entry"
#define ANVIL_STACK_SYMBOL "anvil_stack_bytes"
#define ANVIL_LINES_SYMBOL "anvil_lines"

#ifdef __cplusplus
extern "C" {
#endif

/* Constant during one dispatch. */
struct AnvilDispatch {
  void* buffers[ANVIL_MAX_BUFFERS]; /* contents + offset; the bytes of setBytes likewise */
  /* Of textures and samplers: addresses of AnvilTextures, and samplers' bits (texture_abi.h), in
     the order of the kernel's parameters, those of an array next to each other. */
  const uint64_t* handles;
  uint32_t threads_per_grid[3];
  uint32_t threadgroups_per_grid[3];
  uint32_t threads_per_threadgroup[3]; /* as dispatched */
};

struct AnvilThreadgroup;
struct AnvilMatrixProduct; /* matrix_abi.h */

/* A message by os_log: texts that the kernel's code holds, a level as MTLLogLevel has it, and the
   numbers of the format, each of the kind that two bits of `kinds` say, from the lowest on. */
#define ANVIL_LOG_WORDS 16
#define ANVIL_LOG_ERROR 4
enum AnvilLogKind {
  ANVIL_LOG_WHOLE, /* 64 bits */
  ANVIL_LOG_REAL,  /* the 32 of a float */
  ANVIL_LOG_TEXT   /* an address that the kernel's code holds */
};
typedef void (*AnvilLog)(struct AnvilThreadgroup*, const char* subsystem, const char* category,
                         uint32_t level, const char* format, uint32_t kinds, uint64_t, uint64_t,
                         uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                         uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/* One per worker thread, refilled for each threadgroup. */
struct AnvilThreadgroup {
  const struct AnvilDispatch* dispatch;
  uint32_t position[3]; /* threadgroup_position_in_grid */
  uint32_t threads[3];  /* this threadgroup's own size: smaller than dispatched at ragged edges */
  uint32_t simdgroups;  /* ceil(threads[0] * threads[1] * threads[2] / 32) */
  void* static_memory;  /* the kernel's `threadgroup` variables */
  void* threadgroup_memory[ANVIL_MAX_BUFFERS]; /* the [[threadgroup(i)]] arguments */
  void (*barrier)(struct AnvilThreadgroup*);   /* returns once every simdgroup has arrived */
  AnvilLog log;
  void (*multiply_matrices)(const struct AnvilMatrixProduct*);
};

/* Runs all lanes of one simdgroup. */
typedef void (*AnvilEntry)(struct AnvilThreadgroup*, uint32_t simdgroup);

/* Code from this offset on, counted from the entry, up to the next one's. */
struct AnvilLine {
  uint32_t code;
  uint32_t line; /* as diagnostics count; 0: of no line */
  uint32_t file; /* offset of its name, which a zero ends, among the names */
};

/* Looked up only after a fault. `count` AnvilLines follow, in the order of their code, and then the
   names. */
struct AnvilLines {
  uint32_t code_bytes;
  uint32_t count;
};

/* Whether the `full` variant may run a threadgroup of this size in a dispatch of that: no lane is
   off, and over the lanes of every simdgroup thread x is a multiple of 32, plus the lane, in the
   threadgroup and in the grid. All other sizes need the `any` variant. */
static inline int anvil_threadgroup_is_full(const uint32_t threads[3],
                                            const uint32_t dispatched[3]) {
  return threads[0] % ANVIL_SIMD_WIDTH == 0 && dispatched[0] % ANVIL_SIMD_WIDTH == 0;
}

#ifdef __cplusplus
}
#endif

#endif
