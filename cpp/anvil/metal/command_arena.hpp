// Small memory that lives as long as a command buffer's commands: setBytes data, argument tables.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace anvil::metal {

class CommandArena {
 public:
  /// 32-byte aligned, as MSL's widest vector needs: long4.
  std::byte* allocate(size_t size) {
    size = (size + kAlignment - 1) & ~(kAlignment - 1);
    if (size > left_) advance(size);
    std::byte* result = next_;
    next_ += size;
    left_ -= size;
    return result;
  }
  /// Everything is free; memory up to kKept chunks stays.
  void clear() {
    if (chunks_.size() > kKept) chunks_.resize(kKept);
    used_ = 0;
    next_ = nullptr;
    left_ = 0;
  }

 private:
  static constexpr size_t kAlignment = 32;
  static constexpr size_t kChunk = 16 << 10;
  // Behind each, for kernels that read arguments beyond the bytes that are bound.
  static constexpr size_t kSlack = 1 << 10;
  static constexpr size_t kKept = 64;
  struct alignas(kAlignment) Unit {
    std::byte bytes[kAlignment];
  };
  struct Chunk {
    std::unique_ptr<Unit[]> units;
    size_t size = 0;  // bytes
  };

  /// To the next chunk that is large enough, of those that are there or a new one.
  void advance(size_t size) {
    while (used_ < chunks_.size() && chunks_[used_].size < size) ++used_;
    if (used_ == chunks_.size()) {
      const size_t length = size > kChunk ? size : kChunk;
      chunks_.push_back(
          {std::make_unique_for_overwrite<Unit[]>((length + kSlack) / kAlignment), length});
    }
    next_ = chunks_[used_].units[0].bytes;
    left_ = chunks_[used_].size;
    ++used_;
  }

  std::vector<Chunk> chunks_;
  size_t used_ = 0;  // chunks before this one are in use
  std::byte* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace anvil::metal
