// device.hpp: the processors as a device.
#pragma once

#include "anvil/backend/device.hpp"

namespace anvil::cpu {

/// Throws UnsupportedCpuError on processors that kernels are not compiled for, and
/// EnvironmentError.
backend::Device* make_device();

/// Takes the signals that a kernel's faults are; again, if somebody has put back what was before.
void take_signals();

}  // namespace anvil::cpu
