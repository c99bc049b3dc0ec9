#include "anvil/cpu/executor.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "anvil/cpu/float_environment.hpp"
#include "anvil/cpu/host_cpu.hpp"
#include "anvil/cpu/kernel_fault.hpp"
#include "anvil/cpu/trap.hpp"
#include "anvil/cpu/work_parts.hpp"
#include "anvil/cpu/worker.hpp"
#include "anvil/service/environment.hpp"
#include "anvil/system/forks.hpp"
#include "anvil/system/processors.hpp"
#include "anvil/system/spin.hpp"
#include "anvil/system/thread.hpp"

namespace anvil::cpu {
namespace {

// A second thread costs a dispatch 2 to 3 us, in which the two exchange some twenty cache lines:
// what is shorter than twice that is done alone.
constexpr auto kWorthSharing = std::chrono::microseconds(5);

constexpr unsigned kMaxThreads = 1024;

// Threadgroups that the workers divide at a time: numbers of 32 bits, and a grid may have more.
constexpr uint64_t kMostAtOnce = uint64_t{1} << 20;

}  // namespace

class Executor::Pool {
 public:
  explicit Pool(unsigned threads);
  ~Pool();
  void run(std::span<const Dispatch> dispatches, RunControl* control);
  void interrupt();
  unsigned threads() const { return static_cast<unsigned>(threads_.size()) + 1; }

 private:
  void run_at_once(uint64_t first, uint32_t count);
  std::chrono::duration<float, std::nano> expected_time() const;
  /// Runs them with the helpers, which may not be done when it returns; how many the caller ran.
  uint64_t share(uint64_t first, uint32_t count);
  void wait_for_helpers();
  /// Runs what it can claim; how many threadgroups that was.
  uint64_t work(size_t worker);
  void run_range(size_t worker, uint64_t first, uint64_t count);
  void serve(size_t worker);
  void fail(std::exception_ptr error);
  [[noreturn]] void throw_error(uint64_t total);
  static void wait_for_turn(std::unique_lock<std::mutex>& lock, RunControl* control);

  std::mutex run_mutex_;                          // held for the length of a run
  std::vector<std::unique_ptr<Worker>> workers_;  // the first is the caller's
  std::vector<std::thread> threads_;
  const unsigned forks_ = forks();
  uint64_t serial_ = 0;  // of the last job

  // Written between divisions of parts_ only: a thread may read them from a successful claim()
  // until it has taken what it claimed from unfinished_.
  std::span<const Job> jobs_;
  const Interrupt* interrupt_ = nullptr;
  uint64_t first_ = 0;  // the threadgroup that number 0 of parts_ is
  std::atomic<bool> failed_{false};
  std::atomic<uint64_t> left_out_{0};  // threadgroups of a run that failed
  std::mutex error_mutex_;             // guards error_
  std::exception_ptr error_;

  WorkParts parts_;
  alignas(kLineBytes) std::atomic<uint64_t> unfinished_{0};  // threadgroups not yet run
  alignas(kLineBytes) std::atomic<uint32_t> published_{
      0};  // counts divisions; idle threads sleep on it
  std::atomic<bool> stop_{false};
  alignas(kLineBytes) std::atomic<uint32_t> completed_{
      0};  // changes as a division is done; run() sleeps on it
};

Executor::Pool::Pool(unsigned threads) : parts_(std::clamp(threads, 1u, kMaxThreads)) {
  for (unsigned i = 0; i < std::clamp(threads, 1u, kMaxThreads); ++i)
    workers_.push_back(std::make_unique<Worker>());
  threads_.reserve(workers_.size());

  install_trap_handlers();
  for (size_t i = 1; i < workers_.size(); ++i) {
    try {
      threads_.push_back(start_thread("anvil-" + std::to_string(i), [this, i] { serve(i); }));
    } catch (const std::exception&) {
      break;  // no more threads to be had: fewer do the same work
    }
  }
}

Executor::Pool::~Pool() {
  if (forks_ != forks()) {
    // The threads stayed in the parent; nothing here may wait for them.
    [[maybe_unused]] auto* leaked = new std::vector<std::thread>(std::move(threads_));
    return;
  }
  stop_.store(true, std::memory_order_relaxed);
  published_.fetch_add(1, std::memory_order_release);
  published_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Executor::Pool::run(std::span<const Dispatch> dispatches, RunControl* control) {
  // Before the lock: another thread may have held it when the process was forked.
  if (forks_ != forks())
    throw std::runtime_error(
        "Anvil: this process was forked from one that had used the device, and its threads stayed "
        "there; start processes afresh instead (multiprocessing: the 'spawn' method)");
  if (dispatches.size() > kMostTogether)
    throw std::logic_error("Anvil: more dispatches at once than kMostTogether");
  union Jobs {
    Jobs() {}  // they are large, and few of them used
    std::array<Job, kMostTogether> jobs;
  } storage;
  static_assert(std::is_trivially_destructible_v<Job>);
  const std::span<Job> jobs = std::span(storage.jobs).first(dispatches.size());
  uint64_t total = 0;
  for (size_t i = 0; i < dispatches.size(); ++i) {
    new (&jobs[i]) Job(lay_out(dispatches[i]));  // may compile: not under the lock
    jobs[i].first = total;
    if (__builtin_add_overflow(total, jobs[i].threadgroups, &total))
      throw std::runtime_error("Anvil: dispatches of more than 2^64 threadgroups together");
  }
  std::unique_lock lock(run_mutex_, std::try_to_lock);
  if (!lock) wait_for_turn(lock, control);
  for (Job& job : jobs) job.serial = ++serial_;
  jobs_ = jobs;
  interrupt_ = control;
  uint64_t first = 0;
  for (; first < total && !failed_; first += kMostAtOnce)
    run_at_once(first, static_cast<uint32_t>(std::min(kMostAtOnce, total - first)));
  if (failed_.load(std::memory_order_relaxed)) {
    if (first < total) left_out_.fetch_add(total - first, std::memory_order_relaxed);
    throw_error(total);
  }
}

void Executor::Pool::wait_for_turn(std::unique_lock<std::mutex>& lock, RunControl* control) {
  using Clock = std::chrono::steady_clock;
  if (!control) return lock.lock();
  const auto start = Clock::now();
  control->waits.store(true, std::memory_order_relaxed);
  lock.lock();
  control->waited.fetch_add(std::chrono::nanoseconds(Clock::now() - start).count(),
                            std::memory_order_relaxed);
  control->waits.store(false, std::memory_order_relaxed);
}

void Executor::Pool::throw_error(uint64_t total) {
  const uint64_t left_out = left_out_.exchange(0, std::memory_order_relaxed);
  failed_.store(false, std::memory_order_relaxed);
  std::unique_lock lock(error_mutex_);
  const std::exception_ptr error = std::exchange(error_, nullptr);
  lock.unlock();
  try {
    std::rethrow_exception(error);
  } catch (KernelFault& fault) {
    fault.threadgroups = total;
    fault.finished = total - left_out;
    throw;
  }
}

void Executor::Pool::interrupt() {
  for (std::thread& thread : threads_) interrupt_thread(thread.native_handle());
}

void Executor::Pool::run_at_once(uint64_t first, uint32_t count) {
  using Clock = std::chrono::steady_clock;
  if (count == 1 || threads_.empty()) return run_range(0, first, count);
  const auto start = Clock::now();
  uint64_t done = 0;
  if (expected_time() < kWorthSharing) {
    // Alone, unless it takes longer than the last time.
    for (uint64_t most = 1; done < count && Clock::now() - start < kWorthSharing; most *= 2) {
      const uint64_t next = std::min<uint64_t>(most, count - done);
      run_range(0, first + done, next);
      done += next;
    }
  }
  const bool alone = done == count;
  if (!alone) done += share(first + done, static_cast<uint32_t>(count - done));
  if (done > 0) {
    const std::chrono::duration<float, std::nano> time = Clock::now() - start;
    for (const Job& job : jobs_)
      job.kernel->nanoseconds_per_threadgroup.store(time.count() / static_cast<float>(done),
                                                    std::memory_order_relaxed);
  }
  if (!alone) wait_for_helpers();
}

uint64_t Executor::Pool::share(uint64_t first, uint32_t count) {
  first_ = first;
  unfinished_.store(count, std::memory_order_relaxed);
  parts_.divide(count);
  const size_t helpers = std::min<size_t>(count - 1, threads_.size());
  published_.fetch_add(1, std::memory_order_release);
  if (helpers == threads_.size())
    published_.notify_all();
  else
    for (size_t i = 0; i < helpers; ++i) published_.notify_one();
  return work(0);
}

void Executor::Pool::wait_for_helpers() {
  const auto complete = [&] { return unfinished_.load(std::memory_order_acquire) == 0; };
  while (!spin_until(complete)) {
    const uint32_t seen = completed_.load(std::memory_order_acquire);
    if (complete()) break;
    completed_.wait(seen, std::memory_order_acquire);
  }
}

/// On one thread.
std::chrono::duration<float, std::nano> Executor::Pool::expected_time() const {
  float sum = 0;
  for (const Job& job : jobs_)
    sum += job.kernel->nanoseconds_per_threadgroup.load(std::memory_order_relaxed) *
           static_cast<float>(job.threadgroups);
  return std::chrono::duration<float, std::nano>(sum);
}

uint64_t Executor::Pool::work(size_t worker) {
  uint64_t done = 0;
  for (;;) {
    const WorkParts::Range range = parts_.claim(worker);
    if (range.count == 0) break;
    run_range(worker, first_ + range.first, range.count);
    done += range.count;
  }
  if (done > 0 && unfinished_.fetch_sub(done, std::memory_order_acq_rel) == done) {
    completed_.fetch_add(1, std::memory_order_release);
    completed_.notify_one();
  }
  return done;
}

void Executor::Pool::run_range(size_t worker, uint64_t first, uint64_t count) {
  uint64_t finished = 0;
  if (!failed_.load(std::memory_order_relaxed)) {
    const FloatEnvironment environment;
    const Job* running = nullptr;
    try {
      for (const Job& job : jobs_) {
        const uint64_t begin = std::max(first, job.first);
        const uint64_t end = std::min(first + count, job.first + job.threadgroups);
        if (begin >= end) continue;
        running = &job;
        workers_[worker]->run(job, begin - job.first, end - begin, interrupt_);
        finished += end - begin;
      }
      return;
    } catch (KernelFault& fault) {
      fault.dispatch = static_cast<size_t>(running - jobs_.data());
      finished += workers_[worker]->finished();
      fail(std::current_exception());
    } catch (...) {
      fail(std::current_exception());
    }
  }
  left_out_.fetch_add(count - finished, std::memory_order_relaxed);
}

void Executor::Pool::serve(size_t worker) {
  const TrapStack stack;
  while (!stop_.load(std::memory_order_relaxed)) {
    const uint32_t seen = published_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    work(worker);
    if (!spin_until([&] { return published_.load(std::memory_order_acquire) != seen; }))
      published_.wait(seen, std::memory_order_acquire);
  }
}

void Executor::Pool::fail(std::exception_ptr error) {
  std::lock_guard lock(error_mutex_);
  if (!error_) error_ = std::move(error);
  failed_.store(true, std::memory_order_relaxed);
}

unsigned Executor::default_threads() {
  return service::environment_threads().value_or(std::min(usable_processors(), kMaxThreads));
}

Executor& Executor::shared() {
  // Never destroyed: a dispatch may be in flight on another thread when the process exits.
  static Executor* const executor = [] {
    require_supported_cpu();
    return new Executor(default_threads());
  }();
  return *executor;
}

Executor::Executor(unsigned threads) : pool_(std::make_unique<Pool>(threads)) {}
Executor::~Executor() = default;
void Executor::run(std::span<const Dispatch> dispatches, RunControl* control) {
  pool_->run(dispatches, control);
}
void Executor::interrupt() {
  pool_->interrupt();
}
unsigned Executor::threads() const {
  return pool_->threads();
}

}  // namespace anvil::cpu
