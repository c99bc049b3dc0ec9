#include "foundry/core/waiting.hpp"

#include <atomic>

namespace foundry {

namespace {
WaitHooks hooks;
std::atomic<bool> is_abandoned = false;
}  // namespace

void set_wait_hooks(const WaitHooks& replacement) noexcept {
  hooks = replacement;
}

void abandon_work() noexcept {
  is_abandoned.store(true, std::memory_order_relaxed);
}

const WaitHooks& detail::wait_hooks() noexcept {
  return hooks;
}

bool detail::is_work_abandoned() noexcept {
  return is_abandoned.load(std::memory_order_relaxed);
}

}  // namespace foundry
