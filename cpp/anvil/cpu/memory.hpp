// memory.hpp: memory of kernels: zeroed, counted, given back on destruction; what is large lies
// between pages that nobody may touch.
#pragma once

#include <cstddef>
#include <utility>

namespace anvil::cpu {

class HostMemory {
 public:
  HostMemory() = default;
  /// Null data() if the system has no `size` bytes left.
  explicit HostMemory(size_t size);
  HostMemory(HostMemory&& other) noexcept { *this = std::move(other); }
  HostMemory& operator=(HostMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapping_, other.mapping_);
    std::swap(mapping_bytes_, other.mapping_bytes_);
    return *this;
  }
  ~HostMemory();

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

  /// Bytes before and behind a large one that nobody may touch: a kernel that runs past an end by a
  /// row or two meets them, not the next buffer.
  static constexpr size_t kGuard = 64 << 10;

  /// Bytes held by all live objects of this class.
  static size_t total();

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  void* mapping_ = nullptr;  // large ones lie in a mapping of their own, between two guards
  size_t mapping_bytes_ = 0;
};

}  // namespace anvil::cpu
