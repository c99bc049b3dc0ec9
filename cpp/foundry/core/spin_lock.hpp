// A lock for sections of a few nanoseconds, where a mutex would cost more than the work inside.
#pragma once

#include <atomic>
#include <thread>

namespace foundry {

/// BasicLockable. Hold it for tens of instructions at most; never across a call that can block.
class SpinLock {
 public:
  void lock() noexcept {
    for (int spins = 0; held_.exchange(true, std::memory_order_acquire); ++spins) {
      while (held_.load(std::memory_order_relaxed)) {
        if (++spins > kSpinsBeforeYield) std::this_thread::yield();
      }
    }
  }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }

 private:
  static constexpr int kSpinsBeforeYield = 64;
  std::atomic<bool> held_{false};
};

}  // namespace foundry
