// registry.hpp: the devices that there are.
#pragma once

#include <span>

#include "anvil/backend/device.hpp"

namespace anvil::backend {

/// The default one first. Called whenever a program asks for a device. Throws EnvironmentError for
/// a variable that is not accepted, and what a device throws that cannot be made.
std::span<Device* const> devices();

}  // namespace anvil::backend
