// guarded_memory.hpp: pages between two guards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace anvil::cpu {

/// A mapping of its own: memory, slack that may be touched too, and on both sides pages that nobody
/// may touch. A kernel that runs past an end by a few elements does there what it does on a Mac,
/// whose allocations are whole pages; one that runs farther meets the guard, not other memory.
class GuardedMemory {
 public:
  /// Bytes of a guard, at least: a row or two.
  static constexpr size_t kGuard = 64 << 10;
  /// Bytes behind the end, up to that of a page: two of Apple's. None under validation.
  static size_t slack();

  GuardedMemory() = default;
  enum class Guards : bool { no, yes };
  /// Zeroed; null data() if the system has no `size` bytes left, or no more mappings.
  explicit GuardedMemory(size_t size, Guards guards = Guards::yes);
  GuardedMemory(GuardedMemory&& other) noexcept { *this = std::move(other); }
  GuardedMemory& operator=(GuardedMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(mapping_, other.mapping_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~GuardedMemory();

  std::byte* data() const { return data_; }
  /// Whether the address lies in the mapping, guards and all.
  bool holds(uintptr_t address) const {
    return address - reinterpret_cast<uintptr_t>(mapping_) < bytes_;
  }

 private:
  std::byte* data_ = nullptr;
  void* mapping_ = nullptr;
  size_t bytes_ = 0;
};

/// The slack of memory that others have mapped, for as long as it lives. Where something else lies
/// behind that memory there is none: it is what is found there, on a Mac too.
class BorrowedSlack {
 public:
  explicit BorrowedSlack(const std::byte* end);
  ~BorrowedSlack();
  BorrowedSlack(const BorrowedSlack&) = delete;
  BorrowedSlack& operator=(const BorrowedSlack&) = delete;

 private:
  void* pages_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace anvil::cpu
