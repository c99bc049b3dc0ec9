// The memory of buffers and heaps: zeroed, counted, given back on destruction.
#pragma once

#include <cstddef>
#include <utility>

namespace anvil::metal {

class Memory {
 public:
  Memory() = default;
  /// Null data() if the system has no `size` bytes left.
  explicit Memory(size_t size);
  Memory(Memory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Memory();

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

  /// Bytes held by all live objects of this class: MTLDevice's currentAllocatedSize.
  static size_t total();
  static size_t page_size();
  /// RAM of the machine, or less where a control group limits this process.
  static size_t physical();

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace anvil::metal
