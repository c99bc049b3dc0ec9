// Overflow-safe arithmetic on sizes: a result that does not fit is nullopt, never a wrapped value.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

namespace foundry {

[[nodiscard]] inline std::optional<std::uint64_t> checked_add(std::uint64_t a,
                                                              std::uint64_t b) noexcept {
  std::uint64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

[[nodiscard]] inline std::optional<std::uint64_t> checked_multiply(std::uint64_t a,
                                                                   std::uint64_t b) noexcept {
  std::uint64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// `value` rounded up to a multiple of `alignment`, a power of two.
[[nodiscard]] inline std::optional<std::uint64_t> checked_align(std::uint64_t value,
                                                                std::uint64_t alignment) noexcept {
  auto sum = checked_add(value, alignment - 1);
  if (!sum) return std::nullopt;
  return *sum & ~(alignment - 1);
}

/// Whether [offset, offset + length) lies inside [0, size).
[[nodiscard]] inline bool range_fits(std::uint64_t offset, std::uint64_t length,
                                     std::uint64_t size) noexcept {
  return offset <= size && length <= size - offset;
}

}  // namespace foundry
