// kernel.hpp: a kernel's native code, loaded.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "anvil/backend/kernel.hpp"
#include "anvil/cpu/kernel_code.hpp"
#include "anvil/service/compiler_service.hpp"

namespace anvil::cpu {

/// The code of one kernel in both variants.
class Kernel final : public backend::Kernel {
 public:
  /// The most stack that a simdgroup may take: 512 KiB of private memory a thread. Every worker has
  /// up to 32 of them.
  static constexpr uint64_t kMaxStack = 16 << 20;

  /// Opens the `full` variant now; `compile_any` is called at most once with success, by any() or
  /// begin_any(). Throws std::runtime_error where that is no kernel's code or cannot be read,
  /// CompileError for code that takes more than kMaxStack.
  Kernel(const service::KernelImage& full, std::function<service::KernelImage()> compile_any);

  const KernelCode& full() const { return full_; }

  /// Compiles and opens the `any` variant if it was not yet, or waits for who does. Throws what
  /// compile_any throws, and what the constructor does.
  const KernelCode& any();

  /// Has it compiled on another thread, since any() will be called. What fails there is left to
  /// that call.
  void begin_any();

  /// Where the instruction at `address` comes from, "file:line"; empty where that is not known.
  std::string line_of(uintptr_t address);

  /// What a threadgroup took the last time; infinite before.
  std::atomic<float> nanoseconds_per_threadgroup{std::numeric_limits<float>::infinity()};

 private:
  class Any;

  const KernelCode full_;
  const std::shared_ptr<Any> any_;  // the other thread's too
};

}  // namespace anvil::cpu
