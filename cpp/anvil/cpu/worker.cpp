#include "anvil/cpu/worker.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>

namespace anvil {
namespace {

// Of a simdgroup's fiber: per-lane arrays of 32 lanes live here. Pages are taken as they are
// touched.
constexpr size_t kFiberStackBytes = size_t{1} << 20;
constexpr std::align_val_t kMemoryAlignment{ANVIL_THREADGROUP_MEMORY_ALIGNMENT};

}  // namespace

Worker::~Worker() {
  ::operator delete(memory_, kMemoryAlignment);
}

void Worker::prepare(const CpuJob& job) {
  if (job.memory_bytes > memory_capacity_) {
    void* grown = ::operator new(job.memory_bytes, kMemoryAlignment);
    ::operator delete(memory_, kMemoryAlignment);
    memory_ = grown;
    memory_capacity_ = job.memory_bytes;
  }
  dispatch = &job.dispatch;
  static_memory = memory_;
  for (size_t i = 0; i < job.memory_offsets.size(); ++i)
    threadgroup_memory[i] =
        job.memory_lengths[i] ? static_cast<std::byte*>(memory_) + job.memory_offsets[i] : nullptr;
  serial_ = job.serial;
}

void Worker::run(const CpuJob& job, uint64_t first, uint64_t count) {
  if (serial_ != job.serial) prepare(job);
  const uint32_t (&grid)[3] = job.dispatch.threadgroups_per_grid;
  uint32_t x = static_cast<uint32_t>(first % grid[0]);
  uint32_t y = static_cast<uint32_t>(first / grid[0] % grid[1]);
  uint32_t z = static_cast<uint32_t>(first / grid[0] / grid[1]);
  for (; count > 0; --count) {
    const auto& shape =
        job.shapes[(x + 1 == grid[0]) | (y + 1 == grid[1]) << 1 | (z + 1 == grid[2]) << 2];
    position[0] = x;
    position[1] = y;
    position[2] = z;
    std::copy(shape.threads.begin(), shape.threads.end(), threads);
    simdgroups = shape.simdgroups;
    entry_ = shape.entry;
    if (job.barriers && simdgroups > 1) {
      run_as_fibers(job);
    } else {
      barrier = pass_barrier;
      for (uint32_t simdgroup = 0; simdgroup < simdgroups; ++simdgroup) entry_(this, simdgroup);
    }
    if (++x < grid[0]) continue;
    x = 0;
    if (++y < grid[1]) continue;
    y = 0;
    ++z;
  }
}

void Worker::run_as_fibers(const CpuJob& job) {
  while (fibers_.size() < simdgroups) fibers_.push_back(std::make_unique<Fiber>(kFiberStackBytes));
  for (uint32_t i = 0; i < simdgroups; ++i) fibers_[i]->start(run_simdgroup, this);
  barrier = arrive_at_barrier;
  current_ = 0;
  diverged_ = false;
  Fiber thread;
  thread_ = &thread;
  thread.switch_to(*fibers_[0]);
  if (diverged_)
    throw std::runtime_error("Anvil: kernel '" + job.kernel->image().name + "', threadgroup (" +
                             std::to_string(position[0]) + ", " + std::to_string(position[1]) +
                             ", " + std::to_string(position[2]) + "): only some of its " +
                             std::to_string(simdgroups) +
                             " simdgroups reached a threadgroup_barrier, the others ended");
}

void Worker::run_simdgroup(void* worker) {
  auto* self = static_cast<Worker*>(worker);
  self->entry_(self, self->current_);
  self->stop(Stop::at_end);
}

void Worker::arrive_at_barrier(AnvilThreadgroup* threadgroup) {
  static_cast<Worker*>(threadgroup)->stop(Stop::at_barrier);
}

void Worker::stop(Stop where) {
  Fiber& fiber = *fibers_[current_];
  if (current_ == 0) first_stop_ = where;
  diverged_ = where != first_stop_;
  const bool last = current_ + 1 == simdgroups;
  if (diverged_ || (last && where == Stop::at_end)) {
    fiber.leave_to(*thread_);
  } else {
    current_ = last ? 0 : current_ + 1;
    Fiber& next = *fibers_[current_];
    where == Stop::at_end ? fiber.leave_to(next) : fiber.switch_to(next);
  }
}

}  // namespace anvil
