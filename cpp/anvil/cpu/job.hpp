// job.hpp: a dispatch, as callers state it and as workers read it.
#pragma once

#include <array>
#include <cstdint>

#include "anvil/abi/kernel_abi.h"
#include "anvil/cpu/kernel.hpp"

namespace anvil::cpu {

class KernelLog;

struct Dispatch {
  Kernel* kernel = nullptr;
  KernelLog* log = nullptr;  // null: what the kernel says is lost
  std::array<void*, ANVIL_MAX_BUFFERS> buffers{};
  const uint64_t* handles = nullptr;  // of textures and samplers, by slot
  std::array<uint32_t, ANVIL_MAX_BUFFERS> threadgroup_memory_length{};  // bytes, by index
  std::array<uint32_t, 3> threadgroups{};
  std::array<uint32_t, 3>
      threads_per_grid{};  // threadgroups x threads_per_threadgroup, or less: ragged edges
  std::array<uint32_t, 3> threads_per_threadgroup{};
};

/// A dispatch, worked out once for all workers.
struct Job {
  /// A threadgroup's size and code. Threadgroups at the ragged end of an axis are a shape of their
  /// own.
  struct Shape {
    std::array<uint32_t, 3> threads;
    uint32_t simdgroups;
    AnvilEntry entry;
  };

  uint64_t serial = 0;  // tells one job from the next
  uint64_t first = 0;   // number of its first threadgroup among those of the jobs that run with it
  uint64_t threadgroups = 0;
  AnvilDispatch dispatch{};
  std::array<Shape, 8> shapes{};  // by bits: last in x, last in y, last in z
  bool barriers = false;
  bool all_meet = false;     // a barrier that only some simdgroups reach is an error
  uint64_t stack_bytes = 0;  // of a simdgroup
  uint32_t fibers = 0;       // stacks of their own that a threadgroup's simdgroups need
  Kernel* kernel = nullptr;  // lives as long as the dispatch
  KernelLog* log = nullptr;
  // One block a worker: the static part at its start, then the arguments, by index.
  uint64_t memory_bytes = 0;
  static constexpr uint64_t kNone = UINT64_MAX;
  std::array<uint64_t, ANVIL_MAX_BUFFERS> memory_offsets{};  // kNone: no such argument
};

/// Checks the sizes of a dispatch and lays it out. A grid without threads gives a job without
/// threadgroups. Throws std::runtime_error with the figures, and CompileError when the
/// `any` variant is needed and does not compile.
Job lay_out(const Dispatch& dispatch);

}  // namespace anvil::cpu
