// Parameters: names, and values as the bytes of every plain type.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "foundry/core/error.hpp"
#include "foundry/kernel/parameter.hpp"

using namespace foundry;

TEST_CASE("a parameter has an identifier for a name, and a summand") {
  const Parameter position("position");
  CHECK(position == Parameter("position"));
  CHECK(!(position == Parameter("seed")));
  CHECK(to_string(position) == "position");
  CHECK(to_string(position + 1) == "position + 1");
  CHECK(to_string(position + 1 - 3) == "position - 2");
  for (const char* name : {"", "1st", "a b", "a-b"}) {
    CHECK_THROWS_WITH_AS(Parameter{name}, doctest::Contains("is not an identifier"), ArgumentError);
  }
}

TEST_CASE("integers are taken exactly or not at all") {
  CHECK(encode_scalar(parameter_value(17), 0, DType::u32) == 17u);
  CHECK(encode_scalar(parameter_value(17), 1, DType::u32) == 18u);
  CHECK(encode_scalar(parameter_value(17.0), 0, DType::u32) == 17u);
  CHECK(encode_scalar(parameter_value(-1), 0, DType::i32) == 0xffffffffu);
  CHECK(encode_scalar(parameter_value(-1), 0, DType::i8) == 0xffu);
  CHECK(encode_scalar(parameter_value(std::numeric_limits<std::uint64_t>::max()), 0, DType::u64) ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK(encode_scalar(parameter_value(1), 0, DType::bool_) == 1u);

  CHECK(!encode_scalar(parameter_value(-1), 0, DType::u32));
  CHECK(!encode_scalar(parameter_value(0), -1, DType::u64));
  CHECK(!encode_scalar(parameter_value(0x100000000), 0, DType::u32));
  CHECK(!encode_scalar(parameter_value(0xffffffffu), 1, DType::u32));
  CHECK(!encode_scalar(parameter_value(std::numeric_limits<std::uint64_t>::max()), 1, DType::u64));
  CHECK(!encode_scalar(parameter_value(128), 0, DType::i8));
  CHECK(!encode_scalar(parameter_value(1.5), 0, DType::i32));
  CHECK(!encode_scalar(parameter_value(std::nan("")), 0, DType::i64));
  CHECK(!encode_scalar(parameter_value(1e300), 0, DType::u64));
  CHECK(!encode_scalar(parameter_value(2), 0, DType::bool_));
}

TEST_CASE("floats are rounded to the type") {
  CHECK(encode_scalar(parameter_value(0.1), 0, DType::f32) == std::bit_cast<std::uint32_t>(0.1f));
  CHECK(encode_scalar(parameter_value(3), 0, DType::f32) == std::bit_cast<std::uint32_t>(3.0f));
  CHECK(encode_scalar(parameter_value(0.1), 0, DType::f16) == f16(0.1f).bits);
  CHECK(encode_scalar(parameter_value(0.1), 0, DType::bf16) == bf16(0.1f).bits);
}
