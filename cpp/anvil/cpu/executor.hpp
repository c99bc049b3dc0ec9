// executor.hpp: runs dispatches of compiled kernels on the processor's cores.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "anvil/abi/kernel_abi.h"
#include "anvil/cpu/kernel.hpp"

namespace anvil {

struct CpuDispatch {
  std::shared_ptr<CpuKernel> kernel;
  std::array<void*, ANVIL_MAX_BUFFERS> buffers{};
  std::array<uint32_t, ANVIL_MAX_BUFFERS> threadgroup_memory_length{};  // bytes, by index
  std::array<uint32_t, 3> threadgroups{};
  std::array<uint32_t, 3>
      threads_per_grid{};  // threadgroups x threads_per_threadgroup, or less: ragged edges
  std::array<uint32_t, 3> threads_per_threadgroup{};
};

/// A pool of worker threads. Dispatches run one after another, each over the whole pool; the thread
/// that calls run() takes part.
class CpuExecutor {
 public:
  /// The process's pool, made on first use with $ANVIL_THREADS threads, or as many as the affinity
  /// mask has processors. Throws std::runtime_error when the variable is no number or the processor
  /// is below the floor (host_cpu.hpp).
  static CpuExecutor& shared();

  explicit CpuExecutor(unsigned threads);
  ~CpuExecutor();
  CpuExecutor(const CpuExecutor&) = delete;
  CpuExecutor& operator=(const CpuExecutor&) = delete;

  /// Returns once every threadgroup is done. Throws std::runtime_error when the sizes contradict
  /// each other or exceed the kernel's limits, when only some simdgroups of a threadgroup reach a
  /// barrier, in a process forked after the pool was made, and CompileError when the `any` variant
  /// does not compile. After an error the pool goes on working.
  void run(const CpuDispatch& dispatch);

  /// Threads that execute a dispatch, the caller included.
  unsigned threads() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace anvil
