// kernels.hpp: loads the hand-written kernels of kernels/.
#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include "anvil/cpu/executor.hpp"
#include "anvil/cpu/target.hpp"

namespace anvil::test {

inline service::KernelImage image(const std::string& name, bool barriers = false,
                                  uint64_t static_memory = 0) {
  service::KernelImage image{};
  std::ostringstream code;
  code << std::ifstream(KERNEL_DIRECTORY "/" + name + ".so", std::ios::binary).rdbuf();
  image.code = std::make_shared<const std::string>(std::move(code).str());
  image.format = cpu::kCodeFormat;
  image.name = name;
  image.barriers = barriers;
  image.static_memory = static_memory;
  image.max_threads = ANVIL_MAX_THREADS_PER_THREADGROUP;
  return image;
}

/// A kernel whose code fits every threadgroup.
inline std::unique_ptr<cpu::Kernel> load(const std::string& name, bool barriers = false,
                                         uint64_t static_memory = 0) {
  const service::KernelImage one = image(name, barriers, static_memory);
  return std::make_unique<cpu::Kernel>(one, [one] { return one; });
}

/// dispatchThreads: a grid in threads.
inline cpu::Dispatch over_threads(cpu::Kernel& kernel, std::array<uint32_t, 3> grid,
                                  std::array<uint32_t, 3> threadgroup) {
  cpu::Dispatch dispatch;
  dispatch.kernel = &kernel;
  dispatch.threads_per_grid = grid;
  dispatch.threads_per_threadgroup = threadgroup;
  for (int axis = 0; axis < 3; ++axis)
    dispatch.threadgroups[axis] = (grid[axis] + threadgroup[axis] - 1) / threadgroup[axis];
  return dispatch;
}

}  // namespace anvil::test
