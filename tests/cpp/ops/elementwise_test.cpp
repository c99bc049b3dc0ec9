#include <algorithm>
#include <array>
#include <limits>

#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

TEST_CASE("elementwise operations over ragged counts and mixed types") {
  Random random(51);
  for (const std::size_t count : {1, 31, 33, 1000}) {
    for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
      CAPTURE(count);
      CAPTURE(name_of(type));
      Values a, b;
      const auto left = random_tensor({count}, DType::f16, random, a);
      const auto right = random_tensor({count}, DType::f32, random, b);
      const auto y = output({count}, type);
      Values sum, product, swiglu;
      for (std::size_t i = 0; i < count; ++i) {
        sum.push_back(a[i] + b[i]);
        product.push_back(a[i] * b[i]);
        swiglu.push_back(silu(a[i]) * b[i]);
      }
      const double error = storage_error(type) + 0x1p-22;
      runtime().run(ops::Add{left, right, y});
      check_close(download(y), sum, error, 1e-7);
      runtime().run(ops::Multiply{left, right, y});
      check_close(download(y), product, error, 1e-7);
      runtime().run(ops::SwiGlu{left, right, y});
      check_close(download(y), swiglu, error + 1e-6, 1e-6);
      runtime().run(ops::Copy{right, y});
      check_close(download(y), b, storage_error(type), 0.0);
      runtime().run(ops::Fill{y, 2.5f});
      check_close(download(y), Values(count, 2.5), 0.0, 0.0);
    }
  }
}

TEST_CASE("Fill and Arange keep every bit of 64-bit integers") {
  const auto y = runtime().tensor({3}, DType::u64, bytes_of(std::vector<std::uint64_t>(3)));
  const std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  runtime().run(ops::Fill{y, last - 1});
  CHECK(std::ranges::equal(y.host<std::uint64_t>(), std::array{last - 1, last - 1, last - 1}));
  runtime().run(ops::Arange{y, last, -2});
  CHECK(std::ranges::equal(y.host<std::uint64_t>(), std::array{last, last - 2, last - 4}));
  CHECK_THROWS_WITH_AS(runtime().run(ops::Arange{y, last - 1, 1u}),
                       "Arange: 18446744073709551616 is no u64; element 2 is an integer from 0 to "
                       "18446744073709551615",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Fill{y, -1}),
                       "Fill: -1 is no u64; expected an integer from 0 to 18446744073709551615",
                       ArgumentError);
}

TEST_CASE("an operation in place, and operands of different sizes") {
  Values a{1, 2, 3}, b{4, 5};
  const auto x = upload({3}, DType::f32, a);
  const auto short_one = upload({2}, DType::f32, b);
  runtime().run(ops::Add{x, x, x});
  check_close(download(x), {2, 4, 6}, 0.0, 0.0);
  CHECK_THROWS_WITH_AS(runtime().run(ops::Add{x, short_one, x}),
                       "Add: b is (2,): 2 elements where 3 are needed", ShapeError);
}

TEST_CASE("Argmax finds the first of the largest, whatever else is in the row") {
  Random random(52);
  for (const std::size_t columns : {1, 5, 32, 1000, 49152}) {
    const std::size_t rows = 3;
    Values x;
    x = random.normals(rows * columns);
    x[columns - 1] = 100.0;           // the last one
    x[columns + columns / 2] = 50.0;  // twice: the first counts
    x[columns + columns - 1] = 50.0;
    for (std::size_t k = 0; k < columns; ++k) x[2 * columns + k] = -INFINITY;
    const auto input = upload({rows, columns}, DType::f32, x);
    const auto y = output({rows}, DType::u32);
    runtime().run(ops::Argmax{input, y});
    const Values have = download(y);
    CHECK(have[0] == static_cast<double>(columns - 1));
    CHECK(have[1] == static_cast<double>(columns / 2));
    CHECK(have[2] == 0.0);
  }
}

TEST_CASE("Argmax takes the first NaN, and tells of what is not finite if asked") {
  Values x{1, NAN, INFINITY, NAN, 2, 3, 5, 4, INFINITY, 1, INFINITY, 0};
  const auto input = upload({3, 4}, DType::f32, x);
  const auto y = output({3}, DType::i32);
  runtime().run(ops::Argmax{input, y});
  CHECK(download(y) == Values{1, 2, 0});
  runtime().run(ops::Argmax{input, y, true});
  CHECK(download(y) == Values{~1, 2, ~0});
}
