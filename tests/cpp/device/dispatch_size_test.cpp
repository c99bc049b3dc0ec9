#include "foundry/device/dispatch_size.hpp"

#include <doctest/doctest.h>

#include "foundry/core/error.hpp"

using namespace foundry;

TEST_CASE("sizes print with their unit") {
  CHECK(to_string(GridSize::d1(4096)) == "(4096, 1, 1) threads");
  CHECK(to_string(GridSize::threadgroups(8, 2)) == "(8, 2, 1) threadgroups");
  CHECK(to_string(ThreadgroupSize::d2(32, 4)) == "(32, 4, 1)");
  CHECK(ThreadgroupSize::d3(8, 8, 4).count() == 256);
}

TEST_CASE("a zero or oversized dimension is refused where it is made") {
  CHECK_THROWS_WITH_AS(ThreadgroupSize::d2(32, 0),
                       "threadgroup (32, 0, 1): each size must be 1 to 4294967295", DispatchError);
  CHECK_THROWS_WITH_AS(GridSize::d1(1ull << 32),
                       "grid of threads (4294967296, 1, 1): each size must be 1 to 4294967295",
                       DispatchError);
  CHECK_THROWS_AS(GridSize::threadgroups(0), DispatchError);
}
