// event.hpp: a counter that submissions and the host raise and wait for.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace anvil::backend {

/// Lies in host memory, so that one serves all devices. Any thread may call it.
class Event {
 public:
  using Listener = std::function<void(uint64_t value)>;

  /// Sets the value, which may be set back, and wakes whom it satisfies.
  void signal(uint64_t value);
  uint64_t value() const;
  /// False if `stop` was set first.
  bool wait(uint64_t value, const std::atomic<bool>& stop);
  /// False if `limit` went by first.
  bool wait_for(uint64_t value, std::chrono::milliseconds limit);
  void wait(uint64_t value);
  /// Calls the listener once, when the value is reached: from within signal(), or now.
  void notify(uint64_t value, Listener listener);

 private:
  struct Waiting {
    uint64_t value;
    Listener listener;
  };

  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  uint64_t value_ = 0;
  std::vector<Waiting> listeners_;
};

}  // namespace anvil::backend
