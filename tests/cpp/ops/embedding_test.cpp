#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

TEST_CASE("Embedding gives the table's rows, exactly, for every policy") {
  Random random(21);
  for (const DType type : weight_dtypes()) {
    CAPTURE(name_of(type));
    const std::size_t block = info(type).block_elements;
    const std::size_t rows = 50, columns = block == 1 ? 33 : 3 * block;
    Values table;
    const auto weights = random_tensor({rows, columns}, type, random, table);
    Values ids{7, 0, 49, 7, 23};
    const auto tokens = upload({ids.size()}, DType::i32, ids);
    const auto y = output({ids.size(), columns}, DType::f32);
    runtime().run(ops::Embedding{weights, tokens, y});
    Values want;
    for (const double id : ids) {
      const auto begin = table.begin() + static_cast<long>(id) * static_cast<long>(columns);
      want.insert(want.end(), begin, begin + static_cast<long>(columns));
    }
    // One product and one sum in f32.
    check_close(download(y), want, 0x1p-23, 0x1p-23);
  }
}

TEST_CASE("an id outside of the table gives a row of NaN and touches nothing else") {
  Random random(22);
  Values table;
  const auto weights = random_tensor({4, 8}, DType::f32, random, table);
  Values ids{3, 4, -1};
  const auto y = output({3, 8}, DType::f32);
  runtime().run(ops::Embedding{weights, upload({3}, DType::i32, ids), y});
  const Values have = download(y);
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(have[i] == table[24 + i]);
    CHECK(std::isnan(have[8 + i]));
    CHECK(std::isnan(have[16 + i]));
  }
}
