// kernel.hpp: a function's code as a device runs it.
#pragma once

#include <utility>

#include "anvil/service/compiler_service.hpp"

namespace anvil::backend {

/// Compiled and loaded. Whoever asked for it destroys it, once no submission that names it is under
/// way.
struct Kernel {
  explicit Kernel(KernelInfo info) : info(std::move(info)) {}
  virtual ~Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  const KernelInfo info;
};

}  // namespace anvil::backend
