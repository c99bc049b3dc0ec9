#include "foundry/tensor/convert.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "foundry/core/error.hpp"

using namespace foundry;

namespace {

/// The value of T nearest to `value`, to even in a tie, found among neighbours by exact doubles.
template <class T>
double nearest(double value) {
  const auto guess = static_cast<std::uint16_t>(T(static_cast<float>(value)).bits);
  double best = std::numeric_limits<double>::quiet_NaN();
  bool is_even = false;
  for (int step = -1; step <= 1; ++step) {
    const auto bits = static_cast<std::uint16_t>(guess + step);
    const double candidate = static_cast<float>(T::from_bits(bits));
    if (!std::isfinite(candidate)) continue;
    const double distance = std::abs(candidate - value), least = std::abs(best - value);
    if (std::isnan(best) || distance < least || (distance == least && !is_even)) {
      best = candidate;
      is_even = bits % 2 == 0;
    }
  }
  return best;
}

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("a double becomes the nearest 16-bit float, rounded once") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> mantissa(1.0, 2.0);
  std::uniform_int_distribution<int> exponent(-20, 14), low(-60, -9);
  for (int i = 0; i < 100'000; ++i) {
    // Close to a tie: where rounding to float first goes wrong.
    const double tie =
        std::ldexp(std::round(std::ldexp(mantissa(random), 9)), exponent(random) - 9);
    const double value = (i % 2 ? -tie : tie) * (1 + std::ldexp(i % 3 - 1, low(random)));
    CHECK(static_cast<float>(*converted<f16>(value)) == nearest<f16>(value));
    CHECK(static_cast<float>(*converted<bf16>(value)) == nearest<bf16>(value));
  }
  CHECK(static_cast<float>(*converted<bf16>(1 + 0x1p-8 + 0x1p-40)) == 1.0078125f);
  CHECK(static_cast<float>(*converted<bf16>((std::int64_t{1} << 40) + (std::int64_t{1} << 32) +
                                            1)) == 0x1p40f + 0x1p33f);
  CHECK(static_cast<float>(*converted<bf16>(-(std::int64_t{1} << 40) - (std::int64_t{1} << 32) -
                                            1)) == -0x1p40f - 0x1p33f);
}

TEST_CASE("infinities and NaN stay, what would become one is not held") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(*converted<f32>(infinity) == infinity);
  CHECK(static_cast<float>(*converted<f16>(-infinity)) == -infinity);
  CHECK(std::isnan(static_cast<float>(*converted<bf16>(std::nan("")))));
  CHECK(static_cast<float>(*converted<f16>(65519.99)) == 65504);
  CHECK_FALSE(converted<f16>(65520.0));
  CHECK_FALSE(converted<f16>(std::int64_t{65520}));
  CHECK_FALSE(converted<f32>(1e39));
  CHECK_FALSE(converted<bf16>(std::numeric_limits<float>::max()));
  CHECK(*converted<f32>(std::numeric_limits<std::uint64_t>::max()) == 0x1p64f);
}

TEST_CASE("an integer type holds exactly its integers") {
  const auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(*converted<i64>(most) == most);
  CHECK(*converted<u64>(most) == static_cast<std::uint64_t>(most));
  CHECK_FALSE(converted<i64>(static_cast<std::uint64_t>(most) + 1));
  CHECK_FALSE(converted<u64>(std::int64_t{-1}));
  CHECK(*converted<u8>(255) == 255);
  CHECK_FALSE(converted<u8>(256));
  CHECK_FALSE(converted<u8>(-1.0));
  CHECK(*converted<u8>(-0.0) == 0);
  CHECK_FALSE(converted<i32>(0.5));
  CHECK_FALSE(converted<i32>(std::nan("")));
  CHECK_FALSE(converted<i32>(std::numeric_limits<double>::infinity()));
  CHECK_FALSE(converted<i64>(0x1p63));
  CHECK(*converted<i64>(-0x1p63) == std::numeric_limits<std::int64_t>::min());
  CHECK(*converted<u64>(0x1p64 - 2048) == std::numeric_limits<std::uint64_t>::max() - 2047);
  CHECK_FALSE(converted<u64>(0x1p64));
  CHECK(*converted<bool>(1.0f));
  CHECK_FALSE(converted<bool>(2));
  CHECK_FALSE(converted<bool>(0.5));
}

TEST_CASE("elements convert between all plain types, up to the first that does not fit") {
  const std::vector<double> values = {0, 1, 1, 0};
  for (std::size_t i = 0; i < kBuiltInDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (is_block(dtype)) continue;
    std::vector<std::byte> there(4 * info(dtype).block_bytes), back(4 * sizeof(double));
    CHECK_FALSE(convert_elements(bytes_of(values), DType::f64, there, dtype));
    CHECK_FALSE(convert_elements(there, dtype, back, DType::f64));
    CHECK(back == bytes_of(values));
  }
  std::vector<std::byte> bytes(3);
  CHECK(convert_elements(bytes_of(std::vector<i32>{1, 2, 300}), DType::i32, bytes, DType::u8) == 2);
  CHECK(convert_elements(bytes_of(std::vector<f32>{1, -1, 2}), DType::f32, bytes, DType::u8) == 1);
  const std::vector<std::uint8_t> truths = {0, 7, 1};
  CHECK_FALSE(convert_elements(bytes_of(truths), DType::bool_, bytes, DType::i8));
  CHECK(bytes == bytes_of(std::vector<std::uint8_t>{0, 1, 1}));
  CHECK_THROWS_AS(convert_elements(bytes, DType::u8, bytes, DType::u16), ShapeError);
  CHECK_THROWS_AS(convert_elements(bytes, DType::q4_0, bytes, DType::u8), DTypeError);
}
