// AppendToken: a ring of the last tokens, and counts of those in the penalties' window.
#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

TEST_CASE("the ring has the last tokens, the counts those of the window") {
  Foundry& foundry = runtime();
  for (const std::uint32_t window : {0u, 1u, 5u, 15u}) {
    Random random(window);
    constexpr std::size_t kColumns = 7, kCapacity = 16;
    Values zeros(kColumns, 0.0), none(kCapacity, -1.0), one(1, 0.0);
    const AnyTensor counts = upload({kColumns}, DType::u32, zeros);
    const AnyTensor ring = upload({kCapacity}, DType::i32, none);
    const AnyTensor token = upload({1}, DType::i32, one);
    std::vector<std::int32_t> tokens;
    for (std::uint32_t position = 0; position < 50; ++position) {
      tokens.push_back(static_cast<std::int32_t>(random.below(kColumns)));
      token.host_mutable<std::int32_t>()[0] = tokens.back();
      ++counts.host_mutable<std::uint32_t>()[static_cast<std::size_t>(tokens.back())];  // as Sample
      foundry.run(ops::AppendToken{token, ring, counts, position, window});

      std::vector<std::uint32_t> expected(kColumns, 0);
      const std::size_t first = tokens.size() > window ? tokens.size() - window : 0;
      for (std::size_t i = first; i < tokens.size(); ++i) {
        ++expected[static_cast<std::size_t>(tokens[i])];
      }
      CHECK(std::ranges::equal(counts.host<std::uint32_t>(), expected));
      for (std::size_t i = tokens.size() > kCapacity ? tokens.size() - kCapacity : 0;
           i < tokens.size(); ++i) {
        CHECK(ring.host<std::int32_t>()[i % kCapacity] == tokens[i]);
      }
    }
  }
}

TEST_CASE("AppendToken refuses what cannot work") {
  Foundry& foundry = runtime();
  Values one(1, 0.0), eight(8, 0.0);
  const AnyTensor token = upload({1}, DType::i32, one);
  const AnyTensor ring = upload({8}, DType::i32, eight);
  const AnyTensor counts = upload({8}, DType::u32, eight);
  CHECK_THROWS_WITH_AS(foundry.run(ops::AppendToken{token, ring, counts, 0, 8}),
                       "AppendToken: ring is (8,), a window of 8 takes more than as many",
                       ShapeError);
  CHECK_THROWS_WITH_AS(foundry.run(ops::AppendToken{token, counts, {}, 0, 0}),
                       "AppendToken: token is i32, ring is u32", DTypeError);
  CHECK_THROWS_AS(foundry.run(ops::AppendToken{ring, ring, {}, 0, 0}), ShapeError);
  CHECK_NOTHROW(foundry.run(ops::AppendToken{token, ring, {}, 9, 100}));
  foundry.synchronize();
}
