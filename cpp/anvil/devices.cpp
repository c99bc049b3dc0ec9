// The one place that knows which devices there are.
#include <array>

#include "anvil/backend/registry.hpp"
#include "anvil/cpu/device.hpp"
#include "anvil/service/environment.hpp"

namespace anvil::backend {

std::span<Device* const> devices() {
  static const std::array<Device*, 1> all = [] {
    service::check_environment();
    return std::array<Device*, 1>{cpu::make_device()};
  }();
  cpu::take_signals();
  return all;
}

}  // namespace anvil::backend
