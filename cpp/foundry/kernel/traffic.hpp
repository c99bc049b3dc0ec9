// Traffic: the bytes that an operation has to move, stated by the operation itself.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

/// Bytes that must cross the memory bus at least once: every tensor that is read, every one that is
/// written, what is both counted twice. What caches may serve (an input that many rows share)
/// counts once, scalars not at all. Divided by the memory's bandwidth this is the operation's
/// floor.
struct Traffic {
  std::uint64_t reads = 0;   ///< bytes
  std::uint64_t writes = 0;  ///< bytes

  [[nodiscard]] std::uint64_t total() const noexcept { return reads + writes; }
  friend Traffic operator+(const Traffic& a, const Traffic& b) noexcept {
    return {a.reads + b.reads, a.writes + b.writes};
  }
  Traffic& operator+=(const Traffic& other) noexcept { return *this = *this + other; }
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

/// Bytes of the tensor's elements, gaps between them left out; 0 for an empty one.
[[nodiscard]] inline std::uint64_t bytes_of(const AnyTensor& tensor) {
  if (!tensor) return 0;
  const DTypeInfo& type = info(tensor.dtype());
  return tensor.count() / type.block_elements * type.block_bytes;
}

/// Of an operation that reads and writes whole tensors.
[[nodiscard]] inline Traffic traffic_of(std::initializer_list<const AnyTensor*> reads,
                                        std::initializer_list<const AnyTensor*> writes) {
  Traffic traffic;
  for (const AnyTensor* tensor : reads) traffic.reads += bytes_of(*tensor);
  for (const AnyTensor* tensor : writes) traffic.writes += bytes_of(*tensor);
  return traffic;
}

}  // namespace foundry
