// executor.hpp: runs dispatches of compiled kernels on the processor's cores.
#pragma once

#include <memory>
#include <span>

#include "anvil/cpu/job.hpp"

namespace anvil {

/// A pool of worker threads. Calls of run() take turns, each over the whole pool; the thread that
/// calls takes part.
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

  /// The most dispatches that run() takes.
  static constexpr size_t kMostTogether = 8;

  /// Runs dispatches that need nothing of each other, and returns once every threadgroup is done.
  /// Throws std::runtime_error when the sizes contradict
  /// each other or exceed the kernel's limits, when only some simdgroups of a threadgroup reach a
  /// barrier, in a process forked after the pool was made, and CompileError when the `any` variant
  /// does not compile. After an error the pool goes on working.
  void run(std::span<const CpuDispatch> dispatches);
  void run(const CpuDispatch& dispatch) { run({&dispatch, 1}); }

  /// Threads that execute a dispatch, the caller included.
  unsigned threads() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace anvil
