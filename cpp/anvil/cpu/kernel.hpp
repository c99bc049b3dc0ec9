// kernel.hpp: a kernel's native code, loaded.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>

#include "anvil/cpu/kernel_code.hpp"
#include "anvil/service/compiler_service.hpp"

namespace anvil {

/// The code of one kernel in both variants, unloaded with the last reference.
class CpuKernel {
 public:
  /// Opens the `full` variant now; `compile_any` is called at most once with success, on first
  /// need. Throws std::runtime_error where that is no kernel's code or cannot be read.
  static std::shared_ptr<CpuKernel> load(KernelImage full,
                                         std::function<KernelImage()> compile_any);

  const KernelImage& image() const { return image_; }

  AnvilEntry full() const { return full_.entry(); }

  /// Compiles and opens the `any` variant if it was not yet. Throws what compile_any throws.
  AnvilEntry any();

  /// What a threadgroup took the last time; infinite before.
  std::atomic<float> nanoseconds_per_threadgroup{std::numeric_limits<float>::infinity()};

 private:
  CpuKernel(KernelImage full, std::function<KernelImage()> compile_any);

  KernelImage image_;
  KernelCode full_;
  std::function<KernelImage()> compile_any_;
  std::mutex mutex_;  // guards any_
  KernelCode any_;
};

}  // namespace anvil
