// Conversions of numbers between element types: exact, or rounded where the target is a float.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>

#include "foundry/core/half.hpp"
#include "foundry/tensor/dtype.hpp"

namespace foundry {

namespace detail {

/// Holds every value of the 64-bit integers.
__extension__ typedef __int128 WideInteger;

/// Any integer, a byte's sign kept.
template <std::integral T>
[[nodiscard]] constexpr WideInteger wide(T value) noexcept {
  return WideInteger{} + value;
}

/// The nearest float, but one with an odd last bit where that is not exact: rounding it once more
/// to 16 bits is rounding once.
template <class From>
[[nodiscard]] float round_to_odd(From value) noexcept {
  const auto nearest = static_cast<float>(value);
  bool is_past = false, is_exact = false;
  if constexpr (std::integral<From>) {
    const auto back = static_cast<WideInteger>(nearest);
    is_exact = back == static_cast<WideInteger>(value);
    is_past =
        value < 0 ? back < static_cast<WideInteger>(value) : back > static_cast<WideInteger>(value);
  } else {
    is_exact = static_cast<From>(nearest) == value || std::isnan(value);
    is_past = std::abs(static_cast<From>(nearest)) > std::abs(value);
  }
  if (is_exact) return nearest;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(nearest) - (is_past ? 1u : 0u)) | 1u);
}

}  // namespace detail

/// `value` in To. An integer type or bool holds it exactly or not at all; a float rounds to nearest
/// even, keeps infinities and NaN, and does not hold a finite value that would round to infinity.
template <class To, class From>
[[nodiscard]] std::optional<To> converted(From value) noexcept {
  if constexpr (std::is_same_v<From, f16> || std::is_same_v<From, bf16>) {
    return converted<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    if (value != From(0) && value != From(1)) return std::nullopt;
    return value != From(0);
  } else if constexpr (std::integral<To> && std::integral<From>) {
    const auto wide = detail::wide(value);
    if (wide < detail::wide(std::numeric_limits<To>::min()) ||
        wide > detail::wide(std::numeric_limits<To>::max())) {
      return std::nullopt;
    }
    return static_cast<To>(value);
  } else if constexpr (std::integral<To>) {
    // Both bounds are powers of two (or 0), which every float type here holds.
    const double number = value;
    const double end = std::ldexp(1.0, std::numeric_limits<To>::digits);
    const double begin = std::is_signed_v<To> ? -end : 0.0;
    if (!(number >= begin && number < end) || number != std::trunc(number)) return std::nullopt;
    return static_cast<To>(number);
  } else {
    To result;
    if constexpr (std::is_floating_point_v<To>) {
      result = static_cast<To>(value);
    } else {
      result = To(detail::round_to_odd(value));
    }
    if constexpr (std::is_floating_point_v<From>) {
      if (std::isfinite(value) && !std::isfinite(static_cast<double>(result))) return std::nullopt;
    } else {
      if (!std::isfinite(static_cast<double>(result))) return std::nullopt;
    }
    return result;
  }
}

/// Converts `source`, elements of the plain `from`, to `target`, as many of the plain `to`, each as
/// converted() does. nullopt, or the index of the first value that `to` does not hold; what
/// `target` has from there on is unspecified. DTypeError for a block type, ShapeError unless both
/// are aligned and of one number of elements.
[[nodiscard]] std::optional<std::uint64_t> convert_elements(std::span<const std::byte> source,
                                                            DType from, std::span<std::byte> target,
                                                            DType to);

/// Whether each element of `a` and that of `b` there are the same number, whatever their plain
/// types: `equal` gets a bool for each. NaN equals nothing.
void equal_elements(std::span<const std::byte> a, DType a_type, std::span<const std::byte> b,
                    DType b_type, std::span<std::byte> equal);

}  // namespace foundry
