// What a compute encoder has bound, and the calls on it. Included by device/*.cpp only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "foundry/device/binding.hpp"
#include "foundry/device/dispatch_size.hpp"
#include "foundry/device/limits.hpp"
#include "foundry/device/metal_state.hpp"

namespace foundry::detail {

/// One call on an encoder before a dispatch.
struct BindCall {
  enum class Kind : std::uint8_t { buffer, offset, bytes, threadgroup_memory };
  Kind kind = Kind::buffer;
  std::uint32_t index = 0;
  MTL::Buffer* buffer = nullptr;  // kind buffer, offset
  std::uint64_t at = 0;           // kind buffer, offset: in the buffer; bytes: in the constants
  std::uint64_t length = 0;       // kind bytes, threadgroup_memory

  void encode(MTL::ComputeCommandEncoder& encoder, std::span<const std::byte> constants) const {
    switch (kind) {
      case Kind::buffer:
        encoder.setBuffer(buffer, at, index);
        break;
      case Kind::offset:
        encoder.setBufferOffset(at, index);
        break;
      case Kind::bytes:
        encoder.setBytes(constants.subspan(at, length).data(), length, index);
        break;
      case Kind::threadgroup_memory:
        encoder.setThreadgroupMemoryLength(length, index);
        break;
    }
  }
};

/// So that nothing is bound twice.
class Bound {
 public:
  /// What `binding` needs on top of what is bound; of constants always, as they may change.
  /// `constants_at`: where theirs will lie.
  [[nodiscard]] std::optional<BindCall> missing(const Binding& binding,
                                                std::size_t constants_at = 0) const noexcept {
    const std::uint32_t index = binding.index;
    switch (binding.kind) {
      case Binding::Kind::buffer: {
        MTL::Buffer* metal = BufferState::of(*binding.range.buffer).metal.get();
        const std::uint64_t offset = binding.range.offset;
        if (buffers_[index] != metal) return BindCall{BindCall::Kind::buffer, index, metal, offset};
        if (offsets_[index] == offset) return std::nullopt;
        return BindCall{BindCall::Kind::offset, index, metal, offset};
      }
      case Binding::Kind::bytes:
        return BindCall{BindCall::Kind::bytes, index, nullptr, constants_at,
                        binding.constant.size()};
      case Binding::Kind::threadgroup_memory:
        if (threadgroup_lengths_[index] == binding.threadgroup_length) return std::nullopt;
        return BindCall{BindCall::Kind::threadgroup_memory, index, nullptr, 0,
                        binding.threadgroup_length};
    }
    return std::nullopt;
  }
  [[nodiscard]] bool is_missing(const PipelineState& pipeline) const noexcept {
    return pipeline_ != &pipeline;
  }

  /// Once they are encoded.
  void add(const BindCall& call) noexcept {
    if (call.kind == BindCall::Kind::threadgroup_memory) {
      threadgroup_lengths_[call.index] = call.length;
    } else {
      buffers_[call.index] = call.buffer;
      offsets_[call.index] = call.at;
    }
  }
  void add(const PipelineState& pipeline) noexcept { pipeline_ = &pipeline; }

 private:
  const PipelineState* pipeline_ = nullptr;
  std::array<const MTL::Buffer*, kMaxArgumentIndices> buffers_{};  // null: nothing, or constants
  std::array<std::uint64_t, kMaxArgumentIndices> offsets_{};
  std::array<std::uint64_t, kMaxArgumentIndices> threadgroup_lengths_{};
};

/// A dispatch's sizes as Metal takes them.
struct DispatchCall {
  GridSize::Unit unit;
  MTL::Size grid;
  MTL::Size threadgroup;

  DispatchCall(const GridSize& g, const ThreadgroupSize& t)
      : unit(g.unit),
        grid(MTL::Size::Make(g.x, g.y, g.z)),
        threadgroup(MTL::Size::Make(t.x, t.y, t.z)) {}

  void encode(MTL::ComputeCommandEncoder& encoder) const {
    if (unit == GridSize::Unit::threads) {
      encoder.dispatchThreads(grid, threadgroup);
    } else {
      encoder.dispatchThreadgroups(grid, threadgroup);
    }
  }
};

}  // namespace foundry::detail
