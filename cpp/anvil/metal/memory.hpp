// The memory of buffers and heaps: zeroed, counted, given back on destruction; what is large lies
// between pages that nobody may touch.
#pragma once

#include <cstddef>
#include <utility>

namespace anvil::metal {

class Memory {
 public:
  Memory() = default;
  /// Null data() if the system has no `size` bytes left.
  explicit Memory(size_t size);
  Memory(Memory&& other) noexcept { *this = std::move(other); }
  Memory& operator=(Memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapping_, other.mapping_);
    std::swap(mapping_bytes_, other.mapping_bytes_);
    return *this;
  }
  ~Memory();

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

  /// Bytes before and behind a large one that nobody may touch: a kernel that runs past an end by a
  /// row or two meets them, not the next buffer.
  static constexpr size_t kGuard = 64 << 10;

  /// Bytes held by all live objects of this class: MTLDevice's currentAllocatedSize.
  static size_t total();
  static size_t page_size();
  /// RAM of the machine, or less where a control group limits this process.
  static size_t physical();

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  void* mapping_ = nullptr;  // large ones lie in a mapping of their own, between two guards
  size_t mapping_bytes_ = 0;
};

}  // namespace anvil::metal
