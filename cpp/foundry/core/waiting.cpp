#include "foundry/core/waiting.hpp"

namespace foundry {

namespace {
WaitHooks hooks;
}

void set_wait_hooks(const WaitHooks& replacement) noexcept {
  hooks = replacement;
}

const WaitHooks& detail::wait_hooks() noexcept {
  return hooks;
}

}  // namespace foundry
