// float_environment.hpp: the floating-point environment in which kernels run.
#pragma once

#include <cstdint>

namespace anvil::cpu {

/// Whether subnormal floats are numbers or zero. Metal leaves it open in every mode; here they are
/// zero in fast and relaxed math, where they would cost hundreds of cycles, and numbers in safe
/// math, which is exact. Those of half are numbers always.
enum class Subnormals : bool { kept, flushed };

/// Default rounding, no traps, subnormals as asked for, for its scope: a kernel's numbers must not
/// depend on what the thread that runs it has set for itself.
class FloatEnvironment {
 public:
  explicit FloatEnvironment(Subnormals subnormals)
      : saved_(exchange(subnormals == Subnormals::flushed ? kFlushing : kDefault)) {}
  ~FloatEnvironment() { exchange(saved_); }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
#if defined(__x86_64__)
  static constexpr uint32_t kDefault = 0x1F80;  // MXCSR at program start: all exceptions masked
  static constexpr uint32_t kFlushing = kDefault | 1 << 15 | 1 << 6;  // results, arguments
  static uint32_t exchange(uint32_t value) {
    const uint32_t old = __builtin_ia32_stmxcsr();
    if (old != value) __builtin_ia32_ldmxcsr(value);
    return old;
  }
  uint32_t saved_;
#elif defined(__aarch64__)
  static constexpr uint64_t kDefault = 0;
  static constexpr uint64_t kFlushing = 1 << 24;  // FZ; half has its own bit
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
