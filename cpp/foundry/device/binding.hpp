// BufferRange and Binding: what a dispatch reads and writes, and at which index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "foundry/core/keep_alive.hpp"
#include "foundry/device/buffer.hpp"
#include "foundry/device/reflection.hpp"

namespace foundry {

/// Bytes [offset, offset + length) of a buffer. It owns nothing.
struct BufferRange {
  const Buffer* buffer = nullptr;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// One argument of a dispatch. It owns nothing: buffer, bytes and `keep` must outlive the call that
/// takes it; the command buffer then makes its own claim on `keep` until it completes.
struct Binding {
  enum class Kind : std::uint8_t { buffer, bytes, threadgroup_memory };
  Kind kind = Kind::buffer;
  Access access = Access::read;
  std::uint32_t index = 0;               ///< [[buffer(index)]] or [[threadgroup(index)]]
  BufferRange range;                     ///< kind buffer: what the kernel may touch
  Keepable* keep = nullptr;              ///< kind buffer: the lease behind it; null claims nothing
  std::span<const std::byte> constant;   ///< kind bytes: copied at once, 4096 bytes at most
  std::uint64_t threadgroup_length = 0;  ///< kind threadgroup_memory: bytes, a multiple of 16

  [[nodiscard]] static Binding buffer(std::uint32_t index, BufferRange range, Access access,
                                      Keepable* keep) {
    Binding binding;
    binding.access = access;
    binding.index = index;
    binding.range = range;
    binding.keep = keep;
    return binding;
  }
  [[nodiscard]] static Binding bytes(std::uint32_t index, std::span<const std::byte> constant) {
    Binding binding;
    binding.kind = Kind::bytes;
    binding.index = index;
    binding.constant = constant;
    return binding;
  }
  [[nodiscard]] static Binding threadgroup_memory(std::uint32_t index, std::uint64_t length) {
    Binding binding;
    binding.kind = Kind::threadgroup_memory;
    binding.index = index;
    binding.threadgroup_length = length;
    return binding;
  }
};

}  // namespace foundry
