#include "anvil/cpu/worker.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

#include "anvil/cpu/kernel_fault.hpp"
#include "anvil/cpu/kernel_log.hpp"
#include "anvil/cpu/saved_registers.hpp"
#include "anvil/system/memory.hpp"

namespace anvil::cpu {
namespace {

// So that jobs rarely ask for more than those before.
constexpr size_t kLeastMemory = ANVIL_MAX_THREADGROUP_MEMORY;

// What a fiber needs beside the kernel's own frames: the switch at a barrier, the C library's
// memcpy, a product of matrices, and the sanitizers' red zones. Pages are taken as they are
// touched.
constexpr size_t kStackMargin = size_t{128} << 10;
// Of kernels by hand, which do not say what they take.
constexpr size_t kLeastFiberStack = size_t{1} << 20;

}  // namespace

void Worker::prepare(const Job& job) {
  if (job.memory_bytes > memory_capacity_) {
    const size_t page = page_size();
    const size_t bytes =
        (std::max<size_t>(job.memory_bytes, kLeastMemory) + page - 1) / page * page;
    memory_ = GuardedMemory(bytes);
    memory_capacity_ = 0;
    if (!memory_.data()) throw std::bad_alloc();
    memory_capacity_ = bytes;
  }
  // Without slack its end is the guard.
  std::byte* const block =
      memory_.data() + (GuardedMemory::slack() ? 0 : memory_capacity_ - job.memory_bytes);
  const size_t stack = job.stack_bytes + kStackMargin;
  if (job.fibers > 0 && stack > fiber_stack_) {
    fibers_.clear();
    fiber_stack_ = std::max(std::bit_ceil(stack), kLeastFiberStack);
  }
  while (fibers_.size() < job.fibers) fibers_.push_back(std::make_unique<Fiber>(fiber_stack_));
  dispatch = &job.dispatch;
  static_memory = block;
  for (size_t i = 0; i < job.memory_offsets.size(); ++i)
    threadgroup_memory[i] =
        job.memory_offsets[i] == Job::kNone ? nullptr : block + job.memory_offsets[i];
  all_meet_ = job.all_meet;
  log_ = job.log;
  serial_ = job.serial;
}

void Worker::run(const Job& job, uint64_t first, uint64_t count, const Interrupt* interrupt) {
  finished_ = 0;
  if (serial_ != job.serial) prepare(job);
  Range range{this, &job, first, count};
  Trap trap;
  std::optional<Fiber> thread;
  if (job.fibers > 0) thread_ = &thread.emplace();
  const bool ended = run_trapped(
      [](void* argument) {
        const auto& [worker, its_job, its_first, its_count] = *static_cast<Range*>(argument);
        worker->run_range(*its_job, its_first, its_count);
      },
      &range, interrupt, trap);
  if (!ended) {
    if (thread) {
      Fiber& fiber = *fibers_[current_ % job.fibers];
      thread->return_from(fiber, trap.stack_pointer);
      // It was on the fiber's stack, and not on the thread's, that the trap knows.
      if (trap.is_next_of_stack() && fiber.is_guard(trap.address))
        trap.kind = Trap::Kind::stack;
      else if (trap.kind == Trap::Kind::stack)
        trap.kind = Trap::Kind::memory;
    }
    Fiber::forget_dropped_frames();
    fail(job, trap);
  }
  if (diverged_) {
    diverged_ = false;
    throw std::runtime_error("Anvil: kernel '" + job.kernel->info.name + "', " + place() +
                             ": only some of its " + std::to_string(simdgroups) +
                             " simdgroups reached a threadgroup_barrier, the others ended");
  }
}

// Compiled kernels carry no type before their code.
__attribute__((no_sanitize("function"))) void Worker::enter(uint32_t simdgroup) {
  entry_(this, simdgroup);
}

// Under run_trapped(): everything that allocates is done.
void Worker::run_range(const Job& job, uint64_t first, uint64_t count) {
  const uint32_t (&grid)[3] = job.dispatch.threadgroups_per_grid;
  uint32_t x = static_cast<uint32_t>(first % grid[0]);
  uint32_t y = static_cast<uint32_t>(first / grid[0] % grid[1]);
  uint32_t z = static_cast<uint32_t>(first / grid[0] / grid[1]);
  for (; finished_ < count; ++finished_) {
    const auto& shape =
        job.shapes[(x + 1 == grid[0]) | (y + 1 == grid[1]) << 1 | (z + 1 == grid[2]) << 2];
    position[0] = x;
    position[1] = y;
    position[2] = z;
    std::copy(shape.threads.begin(), shape.threads.end(), threads);
    simdgroups = shape.simdgroups;
    entry_ = shape.entry;
    if (job.barriers && simdgroups > 1) {
      run_as_fibers();
      if (diverged_) return;
    } else if (job.fibers > 0) {
      run_on_a_fiber();
    } else {
      barrier = pass_barrier;
      for (uint32_t simdgroup = 0; simdgroup < simdgroups; ++simdgroup) enter(simdgroup);
    }
    if (++x < grid[0]) continue;
    x = 0;
    if (++y < grid[1]) continue;
    y = 0;
    ++z;
  }
}

void Worker::run_as_fibers() {
  for (uint32_t i = 0; i < simdgroups; ++i) fibers_[i]->start(run_simdgroup, this);
  barrier = Fiber::are_watched() ? arrive_at_barrier : jump_at_barrier;
  current_ = 0;
  running_ = ~uint32_t{0} >> (32 - simdgroups);
  diverged_ = false;
  thread_->switch_to(*fibers_[0]);
}

void Worker::run_on_a_fiber() {
  barrier = pass_barrier;
  for (current_ = 0; current_ < simdgroups; ++current_) {
    fibers_[0]->start(run_alone, this);
    thread_->switch_to(*fibers_[0]);
  }
}

void Worker::run_alone(void* worker) {
  auto* self = static_cast<Worker*>(worker);
  self->enter(self->current_);
  self->fibers_[0]->leave_to(*self->thread_);
}

std::string Worker::place() const {
  return "threadgroup (" + std::to_string(position[0]) + ", " + std::to_string(position[1]) + ", " +
         std::to_string(position[2]) + ")";
}

void Worker::fail(const Job& job, const Trap& trap) const {
  Kernel& kernel = *job.kernel;
  std::string line = kernel.line_of(trap.instruction);
  if (line.empty() && trap.caller) line = kernel.line_of(trap.caller - 1);
  throw_fault(trap,
              "kernel '" + kernel.info.name + "'" + (line.empty() ? "" : " (" + line + ")") + ", " +
                  place(),
              trap.has_address ? place_in_memory(job, trap.address) : "");
}

std::string Worker::place_in_memory(const Job& job, uintptr_t address) const {
  if (!memory_.holds(address)) return "";
  const auto begin = reinterpret_cast<uintptr_t>(static_memory);
  const bool before = address < begin;
  const uint64_t distance = before ? begin - address : address - begin - job.memory_bytes;
  return std::to_string(distance) + " bytes " + (before ? "before the start" : "past the end") +
         " of its " + std::to_string(job.memory_bytes) + " bytes of threadgroup memory";
}

void Worker::run_simdgroup(void* worker) {
  auto* self = static_cast<Worker*>(worker);
  self->enter(self->current_);
  self->stop(Stop::at_end);
}

void Worker::arrive_at_barrier(AnvilThreadgroup* threadgroup) {
  static_cast<Worker*>(threadgroup)->stop(Stop::at_barrier);
}

// As fiber.cpp's switch_stacks(), for its reason.
__attribute__((naked)) void Worker::jump_at_barrier(
    [[maybe_unused]] AnvilThreadgroup* threadgroup) {
#if defined(__x86_64__)
  asm volatile(ANVIL_SAVE_REGISTERS
               "movq %rsp, %rsi\n subq $8, %rsp\n"  // aligned as a call wants it
               "callq anvil_stack_after_barrier\n"
               "movq %rax, %rsp\n" ANVIL_RESTORE_REGISTERS "popq %rcx\n jmpq *%rcx\n");
#elif defined(__aarch64__)
  asm volatile(ANVIL_SAVE_REGISTERS
               "mov x1, sp\n bl anvil_stack_after_barrier\n"
               "mov sp, x0\n" ANVIL_RESTORE_REGISTERS "br x30\n");
#endif
}

void* Worker::stack_after_barrier(AnvilThreadgroup* threadgroup, void* stack_pointer) {
  auto* self = static_cast<Worker*>(threadgroup);
  Fiber& fiber = *self->fibers_[self->current_];
  Fiber& next = self->next_of(Stop::at_barrier);
  return &next == &fiber ? stack_pointer : fiber.switch_from(stack_pointer, next);
}

void Worker::add_to_log(AnvilThreadgroup* threadgroup, const char* subsystem, const char* category,
                        uint32_t level, const char* format, uint32_t kinds, uint64_t a, uint64_t b,
                        uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h,
                        uint64_t i, uint64_t j, uint64_t k, uint64_t l, uint64_t m, uint64_t n,
                        uint64_t o, uint64_t p) {
  if (KernelLog* its_log = static_cast<Worker*>(threadgroup)->log_)
    its_log->add({subsystem,
                  category,
                  format,
                  level,
                  kinds,
                  {a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p}});
}

void Worker::stop(Stop where) {
  Fiber& fiber = *fibers_[current_];
  Fiber& next = next_of(where);
  if (&next == &fiber) return;  // the last one meets nobody
  where == Stop::at_end || &next == thread_ ? fiber.leave_to(next) : fiber.switch_to(next);
}

Fiber& Worker::next_of(Stop where) {
  if (current_ == 0) first_stop_ = where;
  diverged_ = all_meet_ && where != first_stop_;
  if (where == Stop::at_end) running_ &= ~(1u << current_);
  if (diverged_ || running_ == 0) return *thread_;
  const uint32_t later = running_ >> current_ >> 1;
  current_ = later ? current_ + 1 + static_cast<uint32_t>(std::countr_zero(later))
                   : static_cast<uint32_t>(std::countr_zero(running_));
  return *fibers_[current_];
}

}  // namespace anvil::cpu
