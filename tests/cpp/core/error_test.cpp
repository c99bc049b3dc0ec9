#include "foundry/core/error.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "foundry/core/checked.hpp"

using namespace foundry;

TEST_CASE("every error is an Error and says its kind") {
  const auto kind = [](const Error& error) { return std::string(error.kind()); };
  CHECK(kind(ShapeError("x")) == "ShapeError");
  CHECK(kind(ArenaInUseError("x")) == "ArenaInUseError");
  CHECK(kind(SignatureMismatchError("x")) == "SignatureMismatchError");
  CHECK_THROWS_AS(throw DTypeError("x"), Error);
  CHECK_THROWS_AS(throw GgufError("x"), std::runtime_error);
}

TEST_CASE("causes are chained, each on its line") {
  try {
    try {
      try {
        throw std::runtime_error("disk on fire");
      } catch (...) {
        std::throw_with_nested(DeviceError("no buffer"));
      }
    } catch (...) {
      std::throw_with_nested(OutOfMemoryError("arena 'a': 1 B asked"));
    }
  } catch (const Error& error) {
    CHECK(describe_error(error) ==
          "OutOfMemoryError: arena 'a': 1 B asked\n  caused by: DeviceError: no buffer\n  caused "
          "by: disk on fire");
  }
}

TEST_CASE("byte counts read as people write them") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(1023) == "1023 B");
  CHECK(format_bytes(1024) == "1.0 KiB");
  CHECK(format_bytes(448ull << 20) == "448.0 MiB");
  CHECK(format_bytes((1ull << 30) - 1) == "1.0 GiB");
  CHECK(format_bytes(std::numeric_limits<std::uint64_t>::max()) == "16.0 EiB");
}

TEST_CASE("size arithmetic never wraps") {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  CHECK(checked_add(kMost - 1, 1) == kMost);
  CHECK_FALSE(checked_add(kMost, 1));
  CHECK(checked_multiply(1ull << 32, (1ull << 32) - 1));
  CHECK_FALSE(checked_multiply(1ull << 32, 1ull << 32));
  CHECK(checked_align(0, 256) == 0);
  CHECK(checked_align(257, 256) == 512);
  CHECK_FALSE(checked_align(kMost - 3, 256));
  CHECK(range_fits(10, 0, 10));
  CHECK_FALSE(range_fits(11, 0, 10));
  CHECK_FALSE(range_fits(1, kMost, 10));
}
