// kernel.hpp: a function's code as a device runs it.
#pragma once

#include <utility>

#include "anvil/service/compiler_service.hpp"

namespace anvil::backend {

/// Compiled and loaded.
struct Kernel {
  explicit Kernel(service::KernelInfo info) : info(std::move(info)) {}
  virtual ~Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  /// As the compiler found it; max_threads may be fewer, where the device has no more for it.
  const service::KernelInfo info;
};

}  // namespace anvil::backend
