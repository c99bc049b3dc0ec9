// kernel_code.hpp: a kernel's native code in this process's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "anvil/abi/kernel_abi.h"

namespace anvil::cpu {

/// Checks a kernel's shared object and puts it in memory, from where it can run: by hand, as a
/// dynamic loader runs initialisers, looks symbols up in other libraries and reads a file that may
/// change meanwhile. The memory goes with the object.
class KernelCode {
 public:
  KernelCode() = default;
  /// Throws std::runtime_error that says what is wrong, or which memory is not there.
  explicit KernelCode(std::span<const std::byte> file);
  KernelCode(KernelCode&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        entry_(std::exchange(other.entry_, nullptr)),
        stack_bytes_(other.stack_bytes_),
        lines_(std::exchange(other.lines_, {})) {}
  KernelCode& operator=(KernelCode&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    std::swap(entry_, other.entry_);
    std::swap(stack_bytes_, other.stack_bytes_);
    std::swap(lines_, other.lines_);
    return *this;
  }
  ~KernelCode();

  AnvilEntry entry() const { return entry_; }
  /// What a call of it takes.
  uint64_t stack_bytes() const { return stack_bytes_; }
  /// Where the instruction at `address` comes from, "file:line"; empty where that is not known.
  std::string line_of(uintptr_t address) const;

 private:
  /// Of code by hand that does not say.
  static constexpr uint64_t kAssumedStack = 64 << 10;

  std::byte* memory_ = nullptr;
  size_t size_ = 0;
  AnvilEntry entry_ = nullptr;
  uint64_t stack_bytes_ = kAssumedStack;
  std::span<const std::byte> lines_;  // an AnvilLines and what follows it, or nothing
};

}  // namespace anvil::cpu
