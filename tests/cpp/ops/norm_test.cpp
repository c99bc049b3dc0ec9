#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

TEST_CASE("RmsNorm of ragged rows, with values that half cannot square") {
  Random random(11);
  for (const auto& [rows, columns] :
       {std::pair<std::size_t, std::size_t>{1, 1}, {1, 576}, {3, 33}, {9, 100}, {5, 31}}) {
    for (const DType type : {DType::f32, DType::f16}) {
      CAPTURE(rows);
      CAPTURE(columns);
      CAPTURE(name_of(type));
      Values x, gamma;
      const auto input = random_tensor({rows, columns}, type, random, x, 8000.0);
      const auto weight = random_tensor({columns}, DType::f32, random, gamma);
      const auto y = output({rows, columns}, type);
      runtime().run(ops::RmsNorm{weight, 1e-5f, input, y});
      // Sum, rsqrt and two products in f32: a few units of 2^-24; rsqrt itself may have 2.
      check_close(download(y), rms_norm(x, gamma, 1e-5), storage_error(type) + 1e-5, 1e-7);
    }
  }
}

TEST_CASE("RmsNorm names what does not fit") {
  Random random(12);
  Values ignored;
  const auto x = random_tensor({4, 8}, DType::f32, random, ignored);
  const auto weight = random_tensor({4}, DType::f32, random, ignored);
  CHECK_THROWS_WITH_AS(runtime().run(ops::RmsNorm{weight, 1e-5f, x, x}),
                       "RmsNorm: weight is (4,): 4 elements where 8 are needed", ShapeError);
  CHECK_THROWS_WITH_AS(runtime().run(ops::RmsNorm{{}, 1e-5f, x, {}}), "RmsNorm: y is missing",
                       ArgumentError);
  CHECK_THROWS_AS(runtime().run(ops::RmsNorm{weight, 1e-5f, x.transpose(), x}), ShapeError);
}
