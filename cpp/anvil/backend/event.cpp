#include "anvil/backend/event.hpp"

#include <utility>

namespace anvil::backend {

void Event::signal(uint64_t value) {
  std::vector<Waiting> due;
  {
    std::lock_guard lock(mutex_);
    value_ = value;
    std::vector<Waiting> waiting;
    for (Waiting& each : listeners_)
      (each.value <= value ? due : waiting).push_back(std::move(each));
    listeners_ = std::move(waiting);
  }
  changed_.notify_all();
  for (Waiting& each : due) each.listener(value);
}

uint64_t Event::value() const {
  std::lock_guard lock(mutex_);
  return value_;
}

bool Event::wait(uint64_t value, const std::atomic<bool>& stop) {
  // Who sets `stop` does not know what for this thread waits: it looks by itself.
  constexpr auto kInterval = std::chrono::milliseconds(100);
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kInterval, [&] { return value_ >= value; }))
    if (stop.load(std::memory_order_relaxed)) return false;
  return true;
}

bool Event::wait_for(uint64_t value, std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return value_ >= value; });
}

void Event::wait(uint64_t value) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return value_ >= value; });
}

void Event::notify(uint64_t value, Listener listener) {
  {
    std::lock_guard lock(mutex_);
    if (value_ < value) {
      listeners_.push_back({value, std::move(listener)});
      return;
    }
    value = value_;
  }
  listener(value);
}

}  // namespace anvil::backend
