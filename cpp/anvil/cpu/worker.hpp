// worker.hpp: runs threadgroups, one after another, on the thread that owns it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "anvil/abi/kernel_abi.h"
#include "anvil/cpu/fiber.hpp"
#include "anvil/cpu/guarded_memory.hpp"
#include "anvil/cpu/job.hpp"
#include "anvil/cpu/matrix/product.hpp"
#include "anvil/cpu/trap.hpp"
#include "anvil/cpu/work_parts.hpp"

namespace anvil::cpu {

// Its position changes with every threadgroup: no other thread's memory may share a line with it.
class alignas(kLineBytes) Worker : private AnvilThreadgroup {
 public:
  Worker() : AnvilThreadgroup{} {
    log = add_to_log;
    AnvilThreadgroup::multiply_matrices = cpu::multiply_matrices;
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs `count` threadgroups from number `first` on (x varies fastest). Throws std::runtime_error
  /// when only some simdgroups reach a barrier, KernelFault when the kernel touches memory that is
  /// not there or `interrupt`, if any, is requested, std::bad_alloc or std::system_error without
  /// memory. Allocates only when a job needs more memory or fibers than any before it.
  void run(const Job& job, uint64_t first, uint64_t count, const Interrupt* interrupt);

  /// Of the last run(), how many threadgroups came to their end.
  uint64_t finished() const { return finished_; }

 private:
  enum class Stop { at_barrier, at_end };

  struct Range {
    Worker* worker;
    const Job* job;
    uint64_t first, count;
  };

  void prepare(const Job& job);
  void enter(uint32_t simdgroup);
  void run_range(const Job& job, uint64_t first, uint64_t count);
  void run_as_fibers();
  /// One simdgroup after another, on a stack that is large enough.
  void run_on_a_fiber();
  static void run_alone(void* worker);
  [[noreturn]] void fail(const Job& job, const Trap& trap) const;
  std::string place() const;
  /// Where an address lies that is near the threadgroup's memory; empty for others.
  std::string place_in_memory(const Job& job, uintptr_t address) const;
  void stop(Stop where);
  /// Whose turn is next, when the current simdgroup stops.
  Fiber& next_of(Stop where);
  static void arrive_at_barrier(AnvilThreadgroup* threadgroup);
  /// The same without a return, and its part that is no assembly.
  static void jump_at_barrier(AnvilThreadgroup* threadgroup);
  static void* stack_after_barrier(AnvilThreadgroup* threadgroup,
                                   void* stack_pointer) asm("anvil_stack_after_barrier");
  static void pass_barrier(AnvilThreadgroup*) {}
  static void add_to_log(AnvilThreadgroup* threadgroup, const char* subsystem, const char* category,
                         uint32_t level, const char* format, uint32_t kinds, uint64_t, uint64_t,
                         uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                         uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
  static void run_simdgroup(void* worker);

  uint64_t serial_ = 0;   // of the job prepared for
  GuardedMemory memory_;  // of the threadgroup
  uint64_t memory_capacity_ = 0;

  uint64_t finished_ = 0;

  // Simdgroups as fibers take turns in order, each until it stops: a round ends with all of them at
  // a barrier or at their end. One that has ended counts as arrived wherever others go on to meet.
  std::vector<std::unique_ptr<Fiber>> fibers_;
  size_t fiber_stack_ = 0;   // bytes of each
  Fiber* thread_ = nullptr;  // whence the simdgroups were started
  AnvilEntry entry_ = nullptr;
  uint32_t current_ = 0;            // simdgroup whose turn it is
  uint32_t running_ = 0;            // bit s: simdgroup s has not ended
  bool all_meet_ = false;           // as of the job
  KernelLog* log_ = nullptr;        // of the job
  Stop first_stop_ = Stop::at_end;  // of simdgroup 0 in this round
  bool diverged_ = false;
};

}  // namespace anvil::cpu
