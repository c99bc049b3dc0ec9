#include "anvil/cpu/job.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "anvil/service/environment.hpp"

namespace anvil::cpu {
namespace {

// A simdgroup that needs more runs on a stack made for it: those of threads are as large as the
// program and its limits made them.
constexpr uint64_t kMostOnThreadStack = 64 << 10;

std::string triple(const std::array<uint32_t, 3>& v) {
  return "(" + std::to_string(v[0]) + ", " + std::to_string(v[1]) + ", " + std::to_string(v[2]) +
         ")";
}

}  // namespace

Job lay_out(const Dispatch& from) {
  const service::KernelInfo& info = from.kernel->info;
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error("Anvil: kernel '" + info.name + "': " + what);
  };
  uint64_t groups = 1, threads = 1;
  std::array<uint32_t, 3> edge;
  for (int axis = 0; axis < 3; ++axis) {
    const uint64_t size = from.threads_per_threadgroup[axis];
    const uint64_t grid = from.threads_per_grid[axis];
    if (size == 0)
      fail("threadgroup of " + triple(from.threads_per_threadgroup) + " threads has a zero extent");
    if (from.threadgroups[axis] != (grid + size - 1) / size)
      fail("grid of " + triple(from.threads_per_grid) + " threads is not covered by " +
           triple(from.threadgroups) + " threadgroups of " + triple(from.threads_per_threadgroup));
    if (__builtin_mul_overflow(groups, uint64_t{from.threadgroups[axis]}, &groups))
      fail("grid of " + triple(from.threadgroups) + " threadgroups is too large");
    threads = size > info.max_threads ? UINT32_MAX : std::min<uint64_t>(threads * size, UINT32_MAX);
    edge[axis] = grid ? static_cast<uint32_t>(grid - (from.threadgroups[axis] - 1) * size) : 0;
  }
  if (threads > info.max_threads)
    fail("threadgroup of " + triple(from.threads_per_threadgroup) +
         " threads, the pipeline allows " + std::to_string(info.max_threads));

  Job job;
  job.threadgroups = groups;
  job.kernel = from.kernel;
  job.log = from.log;
  job.barriers = info.barriers;
  job.all_meet = service::validation();
  std::copy(from.buffers.begin(), from.buffers.end(), job.dispatch.buffers);
  job.dispatch.handles = from.handles;
  std::copy_n(from.threads_per_grid.begin(), 3, job.dispatch.threads_per_grid);
  std::copy_n(from.threadgroups.begin(), 3, job.dispatch.threadgroups_per_grid);
  std::copy_n(from.threads_per_threadgroup.begin(), 3, job.dispatch.threads_per_threadgroup);

  const auto aligned = [](uint64_t bytes) {
    constexpr uint64_t alignment = ANVIL_THREADGROUP_MEMORY_ALIGNMENT;
    return (bytes + alignment - 1) / alignment * alignment;
  };
  job.memory_bytes = aligned(std::max<uint64_t>(info.static_memory, 1));
  std::array<bool, ANVIL_MAX_BUFFERS> declared{};
  for (const service::ArgumentInfo& argument : info.arguments)
    if (argument.kind == service::ArgumentInfo::Kind::threadgroup) declared[argument.index] = true;
  for (size_t i = 0; i < job.memory_offsets.size(); ++i) {
    const uint32_t length = from.threadgroup_memory_length[i];
    job.memory_offsets[i] = length || declared[i] ? job.memory_bytes : Job::kNone;
    job.memory_bytes += aligned(length);
  }

  uint32_t most_simdgroups = 0;
  for (unsigned bits = 0; groups > 0 && bits < job.shapes.size(); ++bits) {
    auto& shape = job.shapes[bits];
    bool occurs = true;
    for (int axis = 0; axis < 3; ++axis) {
      const bool last = bits >> axis & 1;
      shape.threads[axis] = last ? edge[axis] : from.threads_per_threadgroup[axis];
      occurs &= last || from.threadgroups[axis] > 1;
    }
    const uint32_t total = shape.threads[0] * shape.threads[1] * shape.threads[2];
    shape.simdgroups = (total + ANVIL_SIMD_WIDTH - 1) / ANVIL_SIMD_WIDTH;
    shape.entry = nullptr;
    if (!occurs) continue;
    const KernelCode& code =
        anvil_threadgroup_is_full(shape.threads.data(), from.threads_per_threadgroup.data())
            ? from.kernel->full()
            : from.kernel->any();
    shape.entry = code.entry();
    job.stack_bytes = std::max(job.stack_bytes, code.stack_bytes());
    most_simdgroups = std::max(most_simdgroups, shape.simdgroups);
  }
  if (job.barriers && most_simdgroups > 1)
    job.fibers = most_simdgroups;
  else if (job.stack_bytes > kMostOnThreadStack)
    job.fibers = 1;
  return job;
}

}  // namespace anvil::cpu
