#include "foundry/device/function_constants.hpp"

#include <doctest/doctest.h>

using namespace foundry;

TEST_CASE("the key has type and value of every constant, in order of index") {
  FunctionConstants constants;
  constants.set(2, true).set(0, std::uint32_t{64}).set(1, -1.0f);
  CHECK(constants.key() == "0=uint:64,1=float:3212836864,2=bool:1");
  CHECK(FunctionConstants().key().empty());
}

TEST_CASE("one number in two types, and the two zeros, are different constants") {
  const auto key = [](FunctionConstants::Value value) {
    return FunctionConstants().set(0, value).key();
  };
  CHECK(key(std::uint32_t{1}) != key(std::int32_t{1}));
  CHECK(key(std::uint16_t{1}) != key(std::int16_t{1}));
  CHECK(key(0.0f) != key(-0.0f));
  CHECK(key(f16(1.0f)) == "0=half:15360");
}
