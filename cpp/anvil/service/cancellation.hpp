// cancellation.hpp: how the compiler is ended that nobody waits for any more.
#pragma once

#include <sys/types.h>

#include <atomic>

namespace anvil::service {

/// Until it is called with null, compilations of the calling thread end early, as errors, once the
/// flag is set. The flag outlives that.
void use_cancellation(const std::atomic<bool>* flag) noexcept;
/// Whether those of the calling thread shall end.
bool is_cancelled() noexcept;
/// Ends the waits of all threads whose flag is set, and what they wait for.
void cancel_compilations() noexcept;

/// What the calling thread waits for, as long as the object lives.
class Cancellable {
 public:
  Cancellable(const Cancellable&) = delete;
  Cancellable& operator=(const Cancellable&) = delete;

 protected:
  Cancellable();
  ~Cancellable() = default;

  /// From the end of the constructor to the beginning of the destructor of the class that defines
  /// end().
  void begin() noexcept;
  void leave() noexcept;

 private:
  friend void cancel_compilations() noexcept;
  /// Called on another thread, or on this one by begin(). Calls no function of this header.
  virtual void end() noexcept = 0;

  const std::atomic<bool>* const flag_;
  Cancellable* next_ = nullptr;
};

}  // namespace anvil::service
