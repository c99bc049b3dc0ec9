// memory.hpp: memory of buffers.
#pragma once

#include <cstddef>
#include <utility>

#include "anvil/cpu/guarded_memory.hpp"

namespace anvil::cpu {

/// Zeroed, with slack behind its end as GuardedMemory has it: of small ones less, which share pages
/// and have no guards.
class HostMemory {
 public:
  HostMemory() = default;
  /// Null data() if the system has no `size` bytes left.
  explicit HostMemory(size_t size);
  HostMemory(HostMemory&& other) noexcept { *this = std::move(other); }
  HostMemory& operator=(HostMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(guarded_, other.guarded_);
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
  bool guarded_ = false;
  GuardedMemory mapping_;  // of a large one
};

}  // namespace anvil::cpu
