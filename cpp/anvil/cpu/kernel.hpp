// kernel.hpp: a kernel's native code, loaded.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>

#include "anvil/abi/kernel_abi.h"
#include "anvil/service/compiler_service.hpp"

namespace anvil {

/// The code of one kernel in both variants, unloaded with the last reference.
class CpuKernel {
 public:
  /// Opens the `full` variant now; `compile_any` is called at most once with success, on first
  /// need. Throws std::runtime_error with the loader's words.
  static std::shared_ptr<CpuKernel> load(KernelImage full,
                                         std::function<KernelImage()> compile_any);

  const KernelImage& image() const { return image_; }

  AnvilEntry full() const { return full_.entry(); }

  /// Compiles and opens the `any` variant if it was not yet. Throws what compile_any throws.
  AnvilEntry any();

  /// What a threadgroup took the last time; infinite before.
  std::atomic<float> nanoseconds_per_threadgroup{std::numeric_limits<float>::infinity()};

 private:
  class Code {
   public:
    Code() = default;
    explicit Code(const std::string& path);
    Code(Code&& other) noexcept;
    Code& operator=(Code&& other) noexcept;
    ~Code();
    AnvilEntry entry() const { return entry_; }

   private:
    void* handle_ = nullptr;
    AnvilEntry entry_ = nullptr;
  };

  CpuKernel(KernelImage full, std::function<KernelImage()> compile_any);

  KernelImage image_;
  Code full_;
  std::function<KernelImage()> compile_any_;
  std::mutex mutex_;  // guards any_
  Code any_;
};

}  // namespace anvil
