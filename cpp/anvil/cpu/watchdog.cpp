#include "anvil/cpu/watchdog.hpp"

#include <algorithm>
#include <exception>

#include "anvil/service/environment.hpp"
#include "anvil/system/thread.hpp"

namespace anvil::cpu {
namespace {

// How often what shall end is told so: it may be between two kernels.
constexpr auto kInsist = std::chrono::milliseconds(10);
// How often a command buffer that is over its time, but waits for its turn, is looked at.
constexpr auto kPatience = std::chrono::seconds(1);

}  // namespace

Watchdog& Watchdog::shared() {
  // Never destroyed: its thread goes on until the process has ended.
  static Watchdog* const watchdog = new Watchdog(service::command_timeout());
  return *watchdog;
}

Watchdog::Watch::Watch(Watchdog& watchdog, RunControl& control)
    : watchdog_(watchdog), control_(control) {
  if (!watchdog.limit_) return;
  std::lock_guard lock(watchdog.mutex_);
  if (!watchdog.has_thread_) {
    // Where no thread is to be had now, the next command buffer asks again.
    try {
      start_thread("anvil-watchdog", [&watchdog] { watchdog.loop(); }).detach();
      watchdog.has_thread_ = true;
    } catch (const std::exception&) {
    }
  }
  deadline_ = Clock::now() + *watchdog.limit_;
  next_ = watchdog.first_;
  if (next_) next_->previous_ = this;
  watchdog.first_ = this;
  // Otherwise the thread sleeps until the deadline of an earlier one, which is before this one's.
  if (watchdog.idle_) watchdog.changed_.notify_all();
}

Watchdog::Watch::~Watch() {
  if (!watchdog_.limit_) return;
  std::lock_guard lock(watchdog_.mutex_);
  (previous_ ? previous_->next_ : watchdog_.first_) = next_;
  if (next_) next_->previous_ = previous_;
}

void Watchdog::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    idle_ = true;
    changed_.wait(lock, [this] { return first_ != nullptr; });
    idle_ = false;
    // Nobody wakes it: that would cost every command buffer.
    changed_.wait_until(lock, look(), [] { return false; });
  }
}

Watchdog::Clock::time_point Watchdog::look() {
  const Clock::time_point now = Clock::now();
  Clock::time_point next = now + *limit_;
  for (Watch* watch = first_; watch; watch = watch->next_) {
    RunControl& control = watch->control_;
    const auto waited = std::chrono::duration_cast<Clock::duration>(
        std::chrono::nanoseconds(control.waited.load(std::memory_order_relaxed)));
    watch->deadline_ += waited - watch->credited_;
    watch->credited_ = waited;
    if (watch->deadline_ > now) {
      next = std::min(next, watch->deadline_);
    } else if (control.waits.load(std::memory_order_relaxed)) {
      next = std::min<Clock::time_point>(next, now + kPatience);
    } else {
      control.requested.store(true, std::memory_order_relaxed);
      interrupt_thread(watch->thread_);
      Executor::shared().interrupt();
      next = std::min<Clock::time_point>(next, now + kInsist);
    }
  }
  return next;
}

}  // namespace anvil::cpu
