// memory.hpp: memory of buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "anvil/cpu/guarded_memory.hpp"

namespace anvil::cpu {

/// Zeroed, with slack behind its end and guards as GuardedMemory has them: small memory in cells of
/// its own. Where there is no more of either, without guards, and small memory with less slack.
class HostMemory {
 public:
  HostMemory() = default;
  /// Null data() if the system has no `size` bytes left.
  explicit HostMemory(size_t size);
  HostMemory(HostMemory&& other) noexcept { *this = std::move(other); }
  HostMemory& operator=(HostMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(place_, other.place_);
    std::swap(mapping_, other.mapping_);
    return *this;
  }
  ~HostMemory();

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

  /// Bytes held by all live objects of this class.
  static size_t total();

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  enum class Place : uint8_t { cell, heap, guarded, mapping } place_ = Place::heap;
  GuardedMemory mapping_;  // of the last two
};

}  // namespace anvil::cpu
