// executor.hpp: runs dispatches of compiled kernels on the processor's cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "anvil/cpu/job.hpp"
#include "anvil/cpu/trap.hpp"

namespace anvil::cpu {

/// What the thread that calls run() and one that watches it know of each other.
struct RunControl : Interrupt {
  std::atomic<bool> waits{false};  ///< for a run of another thread
  std::atomic<int64_t> waited{0};  ///< nanoseconds that it did
};

/// A pool of worker threads. Calls of run() take turns, each over the whole pool; the thread that
/// calls takes part.
class Executor {
 public:
  /// $ANVIL_THREADS, or as many as the affinity mask has processors. Throws EnvironmentError.
  static unsigned default_threads();

  /// The process's pool, made on first use with default_threads(). Throws EnvironmentError, and
  /// UnsupportedCpuError below the floor (host_cpu.hpp).
  static Executor& shared();

  explicit Executor(unsigned threads);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// The most dispatches that run() takes.
  static constexpr size_t kMostTogether = 8;

  /// Runs dispatches that need nothing of each other, and returns once every threadgroup is done.
  /// Throws std::runtime_error when the sizes contradict each other or exceed the kernel's limits,
  /// when only some simdgroups of a threadgroup reach a barrier, in a process forked after the pool
  /// was made, CompileError when the `any` variant does not compile, and KernelFault when a kernel
  /// touches memory that is not there or `control`, if any, asks it to end. After an error the
  /// pool goes on working. A calling thread without a TrapStack does not survive an overflow of
  /// its stack.
  void run(std::span<const Dispatch> dispatches, RunControl* control = nullptr);
  void run(const Dispatch& dispatch) { run({&dispatch, 1}); }

  /// Has the pool's threads look at the interrupt of what they run; the threads that called run()
  /// are others'.
  void interrupt();

  /// Threads that execute a dispatch, the caller included.
  unsigned threads() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace anvil::cpu
