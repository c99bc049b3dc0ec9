// What encoders record into a command buffer and its queue's thread carries out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace anvil::metal {

struct Buffer;
struct ComputePipelineState;
struct Event;

using Extent = std::array<uint32_t, 3>;

/// What an argument is bound to: memory and its length, or a length of threadgroup memory.
struct BoundArgument {
  std::byte* data = nullptr;
  size_t length = 0;
};

struct DispatchCommand {
  ComputePipelineState* pipeline = nullptr;
  /// By the pipeline's arguments; in the command buffer's CommandArena.
  const BoundArgument* bindings = nullptr;
  Extent threadgroups{};
  Extent threads_per_grid{};
  Extent threads_per_threadgroup{};
  const std::byte* indirect =
      nullptr;        ///< not null: the threadgroups are read from there as it runs
  bool waits = true;  ///< for the command before it, which is a dispatch if not
};

struct CopyCommand {
  const std::byte* from;
  std::byte* to;
  size_t size;
};

struct FillCommand {
  std::byte* to;
  size_t size;
  uint8_t value;
};

struct SignalCommand {
  Event* event;
  uint64_t value;
};

struct WaitCommand {
  Event* event;
  uint64_t value;
};

using Command = std::variant<DispatchCommand, CopyCommand, FillCommand, SignalCommand, WaitCommand>;

/// Small memory that lives as long as the commands: setBytes data, argument tables.
class CommandArena {
 public:
  /// 16-byte aligned, as the widest scalar or vector of MSL needs.
  std::byte* allocate(size_t size) {
    size = (size + 15) & ~size_t{15};
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
  static constexpr size_t kChunk = 16 << 10;
  static constexpr size_t kKept = 64;
  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    size_t size = 0;
  };

  /// To the next chunk that is large enough, of those that are there or a new one.
  void advance(size_t size) {
    while (used_ < chunks_.size() && chunks_[used_].size < size) ++used_;
    if (used_ == chunks_.size()) {
      const size_t length = size > kChunk ? size : kChunk;
      chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(length), length});
    }
    next_ = chunks_[used_].bytes.get();
    left_ = chunks_[used_].size;
    ++used_;
  }

  std::vector<Chunk> chunks_;
  size_t used_ = 0;  // chunks before this one are in use
  std::byte* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace anvil::metal
