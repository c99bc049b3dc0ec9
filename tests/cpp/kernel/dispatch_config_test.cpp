#include <doctest/doctest.h>

#include "foundry/core/error.hpp"
#include "foundry/kernel/dispatch_config.hpp"

using namespace foundry;

TEST_CASE("per_element has one thread per element and whole simdgroups") {
  CHECK(per_element(1000).grid == GridSize::d1(1000));
  CHECK(per_element(1000).threadgroup == ThreadgroupSize::d1(256));
  CHECK(per_element(33).threadgroup == ThreadgroupSize::d1(64));
  CHECK(per_element(1).threadgroup == ThreadgroupSize::d1(32));
  CHECK_THROWS_AS(per_element(0), DispatchError);
  CHECK_THROWS_AS(per_element(std::uint64_t{1} << 32), DispatchError);
}

TEST_CASE("covering has whole threadgroups over every element") {
  for (const std::uint64_t n : {1, 31, 32, 255, 256, 257, 10'000}) {
    const auto config = covering(n, 3, 2);
    CHECK(config.grid.unit == GridSize::Unit::threadgroups);
    CHECK(std::uint64_t{config.grid.x} * config.threadgroup.x >= n);
    CHECK(std::uint64_t{config.grid.x - 1} * config.threadgroup.x < n);
    CHECK(config.threadgroup.x % 32 == 0);
    CHECK(config.grid.y == 3);
    CHECK(config.grid.z == 2);
  }
  CHECK_THROWS_AS(covering(0), DispatchError);
}
