// ContentHash: a fast 64-bit hash of bytes, to tell contents apart that were mixed up by accident.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace foundry {

/// Four independent lanes of 8 bytes (multiply, rotate), mixed at the end: several GB/s. Stable: it
/// is part of file formats. Not for adversaries.
[[nodiscard]] std::uint64_t content_hash(std::span<const std::byte> bytes) noexcept;

}  // namespace foundry
