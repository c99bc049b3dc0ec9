#include "foundry/tensor/extents.hpp"

#include <doctest/doctest.h>

#include "foundry/core/error.hpp"

using namespace foundry;

TEST_CASE("shapes count, print and compare") {
  const Extents shape{2, 3, 4};
  CHECK(shape.rank() == 3);
  CHECK(shape.count() == 24);
  CHECK(shape.inner() == 4);
  CHECK(shape.at(-1) == 4);
  CHECK(to_string(shape) == "(2, 3, 4)");
  CHECK(to_string(Extents{4096}) == "(4096,)");
  CHECK(to_string(Extents{}) == "()");
  CHECK(Extents{}.count() == 1);
  CHECK(shape == Extents{2, 3, 4});
  CHECK_FALSE(shape == Extents{2, 12});
}

TEST_CASE("a shape that cannot be is refused where it is made") {
  CHECK_THROWS_WITH_AS((Extents{3, 0}), "shape (3, 0) has a zero extent", ShapeError);
  CHECK_THROWS_WITH_AS((Extents{1, 1, 1, 1, 1, 1, 1, 1, 1}),
                       "shape (1, 1, 1, 1, 1, 1, 1, 1, 1) has 9 dimensions, the most is 8",
                       ShapeError);
  CHECK_THROWS_WITH_AS((Extents{1ull << 32, 1ull << 31}),
                       "shape (4294967296, 2147483648) has more than 9223372036854775807 elements",
                       ShapeError);
  CHECK_THROWS_AS((Extents{~0ull, ~0ull}), ShapeError);
  CHECK_THROWS_WITH_AS(Extents({2, 3}).at(2), "extent: axis 2 is not in a shape of 2 dimensions",
                       ShapeError);
}

TEST_CASE("bytes come in whole blocks") {
  CHECK(byte_length(Extents{3, 64}, DType::q4_1) == 3 * 2 * 20);
  CHECK(byte_length(Extents{3, 5}, DType::f16) == 30);
  CHECK(byte_length(Extents{}, DType::f32) == 4);
  CHECK_THROWS_WITH_AS(
      byte_length(Extents{64, 33}, DType::q8_0),
      "shape (64, 33) of q8_0: the inner size 33 is not a multiple of its block of 32", DTypeError);
  CHECK_THROWS_WITH_AS(
      byte_length(Extents{4, 576}, DType::q4_k),
      "shape (4, 576) of q4_k: the inner size 576 is not a multiple of its block of 256",
      DTypeError);
  CHECK_THROWS_AS(byte_length(Extents{1ull << 62}, DType::f32), ShapeError);
}
