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
/// Kills the compilers of all threads whose flag is set.
void cancel_compilations() noexcept;

/// A child that the calling thread waits for and cancel_compilations() may kill, with its process
/// group. Not once it is reaped: its id may be another process's then.
class CancellableChild {
 public:
  explicit CancellableChild(pid_t child);
  ~CancellableChild();
  CancellableChild(const CancellableChild&) = delete;
  CancellableChild& operator=(const CancellableChild&) = delete;

  /// As waitpid() with these options; with WNOHANG, for it holds up who cancels.
  pid_t wait(int& status, int options);
  void kill() noexcept;

 private:
  void kill_locked() noexcept;

  friend void cancel_compilations() noexcept;
  pid_t child_;  // 0: reaped
  const std::atomic<bool>* flag_;
  CancellableChild* next_;
};

}  // namespace anvil::service
