#include "anvil/dispatch/time.hpp"

#include <ctime>
#include <map>
#include <thread>

#include "anvil/dispatch/queue.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::dispatch {
namespace {

using std::chrono::nanoseconds;
using Clock = std::chrono::steady_clock;

int64_t now_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

/// What is to be dispatched later: one thread, once there is something.
class Timers {
 public:
  static Timers& get() {
    static Timers& timers = *new Timers;
    return timers;
  }
  void add(dispatch_time_t when, const objc::Ref<Queue>& queue, Work work) {
    std::lock_guard lock(mutex_);
    const auto at = Clock::now() + std::min<nanoseconds>(time_left(when), std::chrono::hours(8760));
    waiting_.emplace(at, [queue, work = std::move(work)] { queue->async(work); });
    if (!running_) {
      running_ = true;
      std::thread([this] { run(); }).detach();
    }
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (waiting_.empty()) {
        changed_.wait(lock);
      } else if (const auto first = waiting_.begin(); first->first > Clock::now()) {
        changed_.wait_until(lock, Clock::time_point(first->first));
      } else {
        const Work work = std::move(first->second);
        waiting_.erase(first);
        lock.unlock();
        work();
        lock.lock();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, Work> waiting_;
  bool running_ = false;
};

}  // namespace

nanoseconds time_left(dispatch_time_t when) {
  if (when == DISPATCH_TIME_NOW) return nanoseconds(0);
  if (when == DISPATCH_TIME_FOREVER) return nanoseconds::max();
  const auto value = static_cast<int64_t>(when);
  const int64_t left =
      value < 0 ? -value - now_of(CLOCK_REALTIME) : value - now_of(CLOCK_MONOTONIC);
  return nanoseconds(std::max<int64_t>(0, left));
}

}  // namespace anvil::dispatch

using namespace anvil;
using namespace anvil::dispatch;

extern "C" {

ANVIL_EXPORT dispatch_time_t dispatch_time(dispatch_time_t when, int64_t difference) {
  if (when == DISPATCH_TIME_FOREVER) return when;
  auto value = static_cast<int64_t>(when);
  if (value == 0) value = now_of(CLOCK_MONOTONIC);
  int64_t sum;
  const bool past_end = __builtin_add_overflow(value < 0 ? -value : value, difference, &sum);
  if (past_end) return DISPATCH_TIME_FOREVER;
  sum = std::max<int64_t>(sum, 1);
  return static_cast<dispatch_time_t>(value < 0 ? -std::max<int64_t>(sum, 2) : sum);
}
ANVIL_EXPORT dispatch_time_t dispatch_walltime(const timespec* when, int64_t difference) {
  const int64_t start =
      when ? when->tv_sec * 1'000'000'000 + when->tv_nsec : now_of(CLOCK_REALTIME);
  return static_cast<dispatch_time_t>(-std::max<int64_t>(start + difference, 2));
}
ANVIL_EXPORT void dispatch_after(dispatch_time_t when, dispatch_queue_t queue,
                                 dispatch_block_t block) {
  Timers::get().add(when, objc::Ref<Queue>(queue_of(queue)),
                    [block = objc::Block<void()>(block)] { block(); });
}
ANVIL_EXPORT void dispatch_after_f(dispatch_time_t when, dispatch_queue_t queue, void* context,
                                   dispatch_function_t work) {
  Timers::get().add(when, objc::Ref<Queue>(queue_of(queue)), [=] { work(context); });
}

}  // extern "C"
