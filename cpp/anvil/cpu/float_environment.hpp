// float_environment.hpp: the floating-point environment in which kernels run.
#pragma once

#include <cstdint>

namespace anvil::cpu {

/// Default rounding, no traps, subnormals kept (docs/anvil.md has why), for its scope: a kernel's
/// numbers must not depend on what the thread that runs it has set for itself.
class FloatEnvironment {
 public:
  FloatEnvironment() : saved_(exchange(kDefault)) {}
  ~FloatEnvironment() { exchange(saved_); }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
#if defined(__x86_64__)
  static constexpr uint32_t kDefault = 0x1F80;  // MXCSR at program start: all exceptions masked
  static uint32_t exchange(uint32_t value) {
    const uint32_t old = __builtin_ia32_stmxcsr();
    if (old != value) __builtin_ia32_ldmxcsr(value);
    return old;
  }
  uint32_t saved_;
#elif defined(__aarch64__)
  static constexpr uint64_t kDefault = 0;
  static uint64_t exchange(uint64_t value) {
    uint64_t old;
    asm volatile("mrs %0, fpcr" : "=r"(old));
    if (old != value) asm volatile("msr fpcr, %0" : : "r"(value));
    return old;
  }
  uint64_t saved_;
#endif
};

}  // namespace anvil::cpu
