// <metal_compute>: barriers, memory flags and scopes (specification 6.9.1).
#pragma once

#include "primitives.h"

namespace metal {

enum class mem_flags : uint {
  mem_none = 0,
  mem_device = 1,
  mem_threadgroup = 2,
  mem_texture = 4,
  mem_threadgroup_imageblock = 8,
  mem_object_data = 16,
};
ANVIL_FN constexpr mem_flags operator|(mem_flags a, mem_flags b) {
  return static_cast<mem_flags>(static_cast<uint>(a) | static_cast<uint>(b));
}
ANVIL_FN constexpr mem_flags operator&(mem_flags a, mem_flags b) {
  return static_cast<mem_flags>(static_cast<uint>(a) & static_cast<uint>(b));
}

enum memory_order {
  memory_order_relaxed = __ATOMIC_RELAXED,
  memory_order_acquire = __ATOMIC_ACQUIRE,
  memory_order_release = __ATOMIC_RELEASE,
  memory_order_acq_rel = __ATOMIC_ACQ_REL,
  memory_order_seq_cst = __ATOMIC_SEQ_CST,
};

// `thread_scope_system` is left to the kernels that define it themselves.
enum thread_scope {
  thread_scope_thread,
  thread_scope_simdgroup,
  thread_scope_threadgroup,
  thread_scope_device
};
enum class memory_scope { memory_scope_simdgroup, memory_scope_threadgroup, memory_scope_device };

ANVIL_FN void threadgroup_barrier(mem_flags flags) {
  __anvil_threadgroup_barrier(static_cast<uint>(flags));
}
ANVIL_FN void simdgroup_barrier(mem_flags flags) {
  __anvil_simdgroup_barrier(static_cast<uint>(flags));
}
template <class Scope>
ANVIL_FN void threadgroup_barrier(mem_flags flags, Scope) {
  threadgroup_barrier(flags);
}
template <class Scope>
ANVIL_FN void simdgroup_barrier(mem_flags flags, Scope) {
  simdgroup_barrier(flags);
}

// The fence is as strong as any order and scope asks for.
ANVIL_FN void atomic_thread_fence(mem_flags, memory_order order) {
  if (order != memory_order_relaxed) __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
template <class Scope>
ANVIL_FN void atomic_thread_fence(mem_flags flags, memory_order order, Scope) {
  atomic_thread_fence(flags, order);
}

}  // namespace metal
