// SharedEvent: a counter that the device raises in the midst of its work and the host waits for.
#pragma once

#include <cstdint>
#include <memory>

#include "foundry/device/device.hpp"

namespace foundry {

class CommandStream;

namespace detail {
struct SharedEventState;
}

/// A counted handle; starts at 0. Thread-safe.
class SharedEvent {
 public:
  explicit SharedEvent(const Device& device);

  [[nodiscard]] std::uint64_t value() const noexcept;
  /// Blocks, through the hooks of core/waiting.hpp, until the value is `value` or more. `stream` is
  /// what signals it: its failure (DeviceError) ends the wait; what it has not committed would
  /// never be signalled, so it is committed.
  void wait(std::uint64_t value, CommandStream& stream) const;

 private:
  friend struct detail::SharedEventState;
  std::shared_ptr<const detail::SharedEventState> state_;
};

}  // namespace foundry
