#include "foundry/core/half.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

using foundry::bf16;
using foundry::f16;

namespace {

std::uint16_t bits_of(_Float16 value) {
  return std::bit_cast<std::uint16_t>(value);
}

/// The bfloat nearest to a finite float, found by distance: even on a tie.
std::uint16_t nearest_bfloat(float value) {
  const auto below = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  const auto above = static_cast<std::uint16_t>(below + 1);  // away from zero
  const auto as_double = [](std::uint16_t bits) {
    // The step past the largest bfloat counts as the power of two that it would be.
    return (bits & 0x7fff) == 0x7f80 ? std::copysign(0x1p128, bits & 0x8000 ? -1.0 : 1.0)
                                     : double(bf16::from_bits(bits));
  };
  const double down = std::abs(double(value) - as_double(below));
  const double up = std::abs(as_double(above) - double(value));
  return down < up || (down == up && below % 2 == 0) ? below : above;
}

}  // namespace

// For half the oracle is the compiler's own _Float16.
TEST_CASE("every half converts to the float that the compiler makes of it") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const auto expected = static_cast<float>(std::bit_cast<_Float16>(half));
    const float got = f16::from_bits(half);
    if (std::isnan(expected)) {
      CHECK(std::isnan(got));
    } else if (std::bit_cast<std::uint32_t>(got) != std::bit_cast<std::uint32_t>(expected)) {
      FAIL("half ", bits, " became ", got, ", not ", expected);
    }
  }
}

TEST_CASE("floats round to the nearest half and bfloat, to even on a tie") {
  std::mt19937 random(7);
  const auto check = [](float value) {
    if (std::isnan(value)) {
      CHECK(std::isnan(float(f16(value))));
      CHECK(std::isnan(float(bf16(value))));
      return;
    }
    const auto half = bits_of(static_cast<_Float16>(value));
    const auto brain = std::isinf(value) ? bf16(value).bits : nearest_bfloat(value);
    if (std::isinf(value)) CHECK(float(bf16(value)) == value);
    if (f16(value).bits != half || bf16(value).bits != brain) FAIL("float ", value);
  };
  for (int i = 0; i < 2'000'000; ++i)
    check(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  // Every tie between two halves, and its neighbours.
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const float low = f16::from_bits(static_cast<std::uint16_t>(bits));
    const float high = f16::from_bits(static_cast<std::uint16_t>(bits + 1));
    const float tie = std::isinf(high) ? 65520.0f : low + (high - low) / 2;
    for (const float value : {std::nextafter(tie, 0.0f), tie, std::nextafter(tie, 1e9f)}) {
      check(value);
      check(-value);
    }
  }
}
