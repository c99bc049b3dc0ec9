#include "anvil/cpu/executor.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "anvil/cpu/float_environment.hpp"
#include "anvil/cpu/worker.hpp"
#include "anvil/service/host_cpu.hpp"

namespace anvil {
namespace {

// How long a thread out of work looks for more before it sleeps: several times the gap between two
// dispatches of one command buffer, and little beside the cost of waking (about 50 us under load).
constexpr auto kSpinTime = std::chrono::microseconds(50);

constexpr unsigned kMaxThreads = 1024;

// Destructive interference reaches over pairs of 64-byte lines (adjacent-line prefetch).
constexpr size_t kLineBytes = 128;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  asm volatile("isb");
#endif
}

/// Whether `done` became true within kSpinTime.
template <typename Predicate>
bool spin_until(Predicate done) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return done();
}

std::atomic<unsigned> forks{0};  // survived by this process as the child

std::string triple(const std::array<uint32_t, 3>& v) {
  return "(" + std::to_string(v[0]) + ", " + std::to_string(v[1]) + ", " + std::to_string(v[2]) +
         ")";
}

unsigned processors() {
  for (int capacity = 1024; capacity <= 1 << 20; capacity *= 2) {
    cpu_set_t* set = CPU_ALLOC(capacity);
    if (!set) break;
    const size_t bytes = CPU_ALLOC_SIZE(capacity);
    const bool known = sched_getaffinity(0, bytes, set) == 0;
    const int count = known ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (known) return static_cast<unsigned>(std::max(count, 1));
  }
  return std::max(std::thread::hardware_concurrency(), 1u);
}

unsigned default_threads() {
  const char* text = std::getenv("ANVIL_THREADS");
  if (!text || !*text) return std::min(processors(), kMaxThreads);
  char* end = nullptr;
  const unsigned long value = std::strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || value < 1 || value > kMaxThreads)
    throw std::runtime_error("Anvil: ANVIL_THREADS is '" + std::string(text) +
                             "', a number from 1 to " + std::to_string(kMaxThreads) + " is needed");
  return static_cast<unsigned>(value);
}

/// Checks the sizes of a dispatch and lays it out for the workers. A grid without threads gives a
/// job without threadgroups.
CpuJob lay_out(const CpuDispatch& from) {
  const KernelImage& image = from.kernel->image();
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error("Anvil: kernel '" + image.name + "': " + what);
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
    threads =
        size > image.max_threads ? UINT32_MAX : std::min<uint64_t>(threads * size, UINT32_MAX);
    edge[axis] = grid ? static_cast<uint32_t>(grid - (from.threadgroups[axis] - 1) * size) : 0;
  }
  if (threads > image.max_threads)
    fail("threadgroup of " + triple(from.threads_per_threadgroup) +
         " threads, the pipeline allows " + std::to_string(image.max_threads));

  CpuJob job;
  job.threadgroups = groups;
  job.kernel = &image.name;
  job.barriers = image.barriers;
  std::copy(from.buffers.begin(), from.buffers.end(), job.dispatch.buffers);
  std::copy_n(from.threads_per_grid.begin(), 3, job.dispatch.threads_per_grid);
  std::copy_n(from.threadgroups.begin(), 3, job.dispatch.threadgroups_per_grid);
  std::copy_n(from.threads_per_threadgroup.begin(), 3, job.dispatch.threads_per_threadgroup);

  const auto aligned = [](uint64_t bytes) {
    constexpr uint64_t alignment = ANVIL_THREADGROUP_MEMORY_ALIGNMENT;
    return (bytes + alignment - 1) / alignment * alignment;
  };
  job.memory_bytes = aligned(std::max<uint64_t>(image.static_memory, 1));
  job.memory_lengths = from.threadgroup_memory_length;
  for (size_t i = 0; i < job.memory_lengths.size(); ++i) {
    job.memory_offsets[i] = job.memory_bytes;
    job.memory_bytes += aligned(job.memory_lengths[i]);
  }

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
    if (!occurs)
      shape.entry = nullptr;
    else
      shape.entry =
          anvil_threadgroup_is_full(shape.threads.data(), from.threads_per_threadgroup.data())
              ? from.kernel->full()
              : from.kernel->any();
  }
  return job;
}

}  // namespace

class CpuExecutor::Pool {
 public:
  explicit Pool(unsigned threads);
  ~Pool();
  void run(const CpuDispatch& dispatch);
  unsigned threads() const { return static_cast<unsigned>(threads_.size()) + 1; }

 private:
  bool claim(uint64_t& first, uint64_t& count);
  void work(Worker& worker);
  void serve(Worker& worker);
  void fail(std::exception_ptr error);

  std::mutex run_mutex_;                          // held for the length of a dispatch
  std::vector<std::unique_ptr<Worker>> workers_;  // the first is the caller's
  std::vector<std::thread> threads_;
  const unsigned forks_ = forks;

  // Written between dispatches only: a thread may read it from a successful claim() until it has
  // taken what it claimed from unfinished_.
  CpuJob job_;
  std::atomic<bool> failed_{false};
  std::mutex error_mutex_;  // guards error_
  std::exception_ptr error_;

  alignas(kLineBytes) std::atomic<uint64_t> unclaimed_{0};   // threadgroups no thread has taken yet
  alignas(kLineBytes) std::atomic<uint64_t> unfinished_{0};  // threadgroups not yet run
  alignas(kLineBytes) std::atomic<uint32_t> published_{
      0};  // counts dispatches; idle threads sleep on it
  std::atomic<bool> stop_{false};
  alignas(kLineBytes) std::atomic<uint32_t> completed_{
      0};  // changes as a dispatch completes; run() sleeps on it
};

CpuExecutor::Pool::Pool(unsigned threads) {
  [[maybe_unused]] static const int registered =
      pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  for (unsigned i = 0; i < std::clamp(threads, 1u, kMaxThreads); ++i)
    workers_.push_back(std::make_unique<Worker>());
  threads_.reserve(workers_.size());

  // Signals belong to the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (size_t i = 1; i < workers_.size(); ++i) {
    try {
      threads_.emplace_back([this, worker = workers_[i].get()] { serve(*worker); });
    } catch (const std::system_error&) {
      break;  // no more threads to be had: fewer do the same work
    }
    pthread_setname_np(threads_.back().native_handle(), ("anvil-" + std::to_string(i)).c_str());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

CpuExecutor::Pool::~Pool() {
  if (forks_ != forks) {
    // The threads stayed in the parent; nothing here may wait for them.
    [[maybe_unused]] auto* leaked = new std::vector<std::thread>(std::move(threads_));
    return;
  }
  stop_.store(true, std::memory_order_relaxed);
  published_.fetch_add(1, std::memory_order_release);
  published_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void CpuExecutor::Pool::run(const CpuDispatch& dispatch) {
  // Before the lock: another thread may have held it when the process was forked.
  if (forks_ != forks)
    throw std::runtime_error(
        "Anvil: this process was forked from one that had used the device, and its threads stayed "
        "there; start processes afresh instead (multiprocessing: the 'spawn' method)");
  CpuJob job = lay_out(dispatch);  // may compile: not under the lock
  const uint64_t total = job.threadgroups;
  if (total == 0) return;
  std::lock_guard lock(run_mutex_);
  job.serial = job_.serial + 1;
  job_ = job;
  unfinished_.store(total, std::memory_order_relaxed);
  unclaimed_.store(total, std::memory_order_release);
  if (const uint64_t helpers = std::min<uint64_t>(total - 1, threads_.size())) {
    published_.fetch_add(1, std::memory_order_release);
    if (helpers == threads_.size())
      published_.notify_all();
    else
      for (uint64_t i = 0; i < helpers; ++i) published_.notify_one();
  }
  work(*workers_[0]);
  const auto complete = [&] { return unfinished_.load(std::memory_order_acquire) == 0; };
  while (!spin_until(complete)) {
    const uint32_t seen = completed_.load(std::memory_order_acquire);
    if (complete()) break;
    completed_.wait(seen, std::memory_order_acquire);
  }
  if (failed_.load(std::memory_order_relaxed)) {
    failed_.store(false, std::memory_order_relaxed);
    std::lock_guard error_lock(error_mutex_);
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

// Large portions first, single threadgroups at the end, so that threads end together.
bool CpuExecutor::Pool::claim(uint64_t& first, uint64_t& count) {
  uint64_t left = unclaimed_.load(std::memory_order_relaxed);
  while (left > 0) {
    count = std::max<uint64_t>(left / (4 * workers_.size()), 1);
    // Should the dispatch have changed since `left` was read, an equal number is as good: the claim
    // is then on the new one.
    if (unclaimed_.compare_exchange_weak(left, left - count, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
      first = job_.threadgroups - left;
      return true;
    }
  }
  return false;
}

void CpuExecutor::Pool::work(Worker& worker) {
  const FloatEnvironment environment;
  uint64_t first, count;
  while (claim(first, count)) {
    if (!failed_.load(std::memory_order_relaxed)) {
      try {
        worker.run(job_, first, count);
      } catch (...) {
        fail(std::current_exception());
      }
    }
    if (unfinished_.fetch_sub(count, std::memory_order_acq_rel) == count) {
      completed_.fetch_add(1, std::memory_order_release);
      completed_.notify_one();
    }
  }
}

void CpuExecutor::Pool::serve(Worker& worker) {
  while (!stop_.load(std::memory_order_relaxed)) {
    const uint32_t seen = published_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    work(worker);
    if (!spin_until([&] { return published_.load(std::memory_order_acquire) != seen; }))
      published_.wait(seen, std::memory_order_acquire);
  }
}

void CpuExecutor::Pool::fail(std::exception_ptr error) {
  std::lock_guard lock(error_mutex_);
  if (!error_) error_ = std::move(error);
  failed_.store(true, std::memory_order_relaxed);
}

CpuExecutor& CpuExecutor::shared() {
  // Never destroyed: a dispatch may be in flight on another thread when the process exits.
  static CpuExecutor* const executor = [] {
    require_supported_cpu();
    return new CpuExecutor(default_threads());
  }();
  return *executor;
}

CpuExecutor::CpuExecutor(unsigned threads) : pool_(std::make_unique<Pool>(threads)) {}
CpuExecutor::~CpuExecutor() = default;
void CpuExecutor::run(const CpuDispatch& dispatch) {
  pool_->run(dispatch);
}
unsigned CpuExecutor::threads() const {
  return pool_->threads();
}

}  // namespace anvil
