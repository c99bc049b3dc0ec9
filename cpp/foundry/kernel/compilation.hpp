// Compilation: one run of the compiler, for which a wait can be abandoned.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

#include "foundry/device/device.hpp"

namespace foundry {

/// Started once; waited for by any number of threads.
class Compilation {
 public:
  using Work = std::function<std::shared_ptr<const void>()>;

  /// Runs `work`: on a thread of its own where waits can be abandoned (Ctrl-C in Python), else
  /// here. What it throws is result()'s.
  static void start(const std::shared_ptr<Compilation>& compilation, const Device& device,
                    Work work);
  /// Until it is done. Throws what ends the wait early (core/waiting.hpp).
  void wait();
  /// What the work gave, or what it threw; after wait().
  [[nodiscard]] std::shared_ptr<const void> result() const;
  /// Ends the compiler, where the device can.
  void cancel(const Device& device);
  /// Instead of a start that could not be.
  void finish(std::shared_ptr<const void> made, std::exception_ptr failure);

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::shared_ptr<const void> made_;
  std::exception_ptr error_;
  bool done_ = false;
  std::atomic<bool> is_cancelled_{false};
};

/// What `make()` gives; the compiler ends with a wait that is abandoned.
template <class Make>
[[nodiscard]] auto compiled(const Device& device, Make make) {
  using T = decltype(make());
  const auto compilation = std::make_shared<Compilation>();
  Compilation::start(compilation, device,
                     [make = std::move(make)] { return std::make_shared<const T>(make()); });
  try {
    compilation->wait();
  } catch (...) {
    compilation->cancel(device);
    throw;
  }
  return *std::static_pointer_cast<const T>(compilation->result());
}

}  // namespace foundry
