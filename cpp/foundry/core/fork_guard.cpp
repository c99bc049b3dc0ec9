#include "foundry/core/fork_guard.hpp"

#include <pthread.h>

#include <atomic>
#include <mutex>

#include "foundry/core/error.hpp"

namespace foundry {

namespace {
std::atomic<bool> armed{false};
std::atomic<bool> forked{false};
}  // namespace

void arm_fork_guard() noexcept {
  static std::once_flag once;
  std::call_once(once, [] {
    ::pthread_atfork(nullptr, nullptr, [] { forked.store(armed.load()); });
    armed.store(true);
  });
}

bool is_forked() noexcept {
  return forked.load(std::memory_order_relaxed);
}

void check_not_forked(const char* what) {
  if (!is_forked()) return;
  throw DeviceError(concat(what,
                           ": this process was forked after a device was opened; open devices in "
                           "the child only, or start it with 'spawn'"));
}

}  // namespace foundry
