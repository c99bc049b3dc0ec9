#include "foundry/device/shared_event.hpp"

#include "foundry/core/error.hpp"
#include "foundry/core/fork_guard.hpp"
#include "foundry/core/waiting.hpp"
#include "foundry/device/command_stream.hpp"
#include "foundry/device/metal_shared_event.hpp"

namespace foundry {

namespace {
constexpr std::uint64_t kSliceMilliseconds = 50;  // between polls of hooks and failures
}

SharedEvent::SharedEvent(const Device& device) {
  check_not_forked("SharedEvent");
  const detail::AutoreleaseScope scope;
  auto state = std::make_shared<detail::SharedEventState>();
  state->metal = NS::TransferPtr(detail::DeviceState::of(device)->metal->newSharedEvent());
  if (!state->metal) throw DeviceError(concat("'", device.name(), "' made no shared event"));
  state_ = std::move(state);
}

std::uint64_t SharedEvent::value() const noexcept {
  return state_->metal->signaledValue();
}

void SharedEvent::wait(std::uint64_t value, CommandStream& stream) const {
  check_not_forked("SharedEvent");
  if (this->value() >= value) return;
  stream.flush();
  const BlockingSection section;
  while (!state_->metal->waitUntilSignaledValue(value, kSliceMilliseconds)) {
    if (section.has_poll()) section.poll();
    // While work is in flight it may signal yet, whatever failed before it.
    if (stream.statistics().in_flight == 0 && this->value() < value) stream.throw_failures();
  }
}

}  // namespace foundry
