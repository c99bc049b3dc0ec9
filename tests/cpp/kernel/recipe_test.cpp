// Recipes as keys: every field counts, and nothing but the fields.
#include "foundry/kernel/recipe.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/core/inline_vector.hpp"

using namespace foundry;

namespace {

struct Plan {
  bool narrow;
  std::uint32_t rows;
};

struct Recipe {
  DType x;
  std::uint32_t size;
  std::optional<DType> mask;
  Plan plan;
  InlineVector<std::uint16_t, 4> first;
  InlineVector<std::uint16_t, 4> second;
  FunctionConstants::Value constant;
  float scale;
  const std::string* name;

  KernelDescription describe() const { return {}; }
};

struct Other {
  DType x;
  KernelDescription describe() const { return {}; }
};
struct Another {
  DType x;
  KernelDescription describe() const { return {}; }
};

struct Long {
  std::vector<std::uint64_t> sizes;
  KernelDescription describe() const { return {}; }
};

const std::string kName = "a", kOtherName = "a";

Recipe recipe() {
  Recipe made{.x = DType::f16,
              .size = 3,
              .mask = std::nullopt,
              .plan = {.narrow = true, .rows = 4},
              .first = {},
              .second = {},
              .constant = std::uint32_t{7},
              .scale = 1.0f,
              .name = &kName};
  made.first.push_back(1);
  made.second.push_back(2);
  return made;
}

}  // namespace

TEST_CASE("a recipe that differs in any one field is another key") {
  std::vector<Recipe> all(12, recipe());
  all[1].x = DType::bf16;
  all[2].size = 4;
  all[3].mask = DType::f32;
  all[4].plan.narrow = false;
  all[5].plan.rows = 5;
  all[6].first.push_back(2);
  all[7].second.push_back(2);
  all[8].constant = std::int32_t{7};
  all[9].constant = std::uint32_t{8};
  all[10].scale = -1.0f;
  all[11].name = &kOtherName;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < all.size(); ++j) {
      CAPTURE(i);
      CAPTURE(j);
      CHECK((KernelKey(all[i]) == KernelKey(all[j])) == (i == j));
      if (i != j) CHECK(KernelKey(all[i]).hash() != KernelKey(all[j]).hash());
    }
  }
}

TEST_CASE("where one range ends and the next begins counts") {
  Recipe one = recipe(), other = recipe();
  one.first.push_back(2);
  one.second = {};
  one.second.push_back(3);
  other.second.push_back(3);
  CHECK(KernelKey(one) != KernelKey(other));
}

TEST_CASE("what lies between a recipe's fields does not count") {
  std::array<std::unique_ptr<KernelKey>, 2> keys;
  for (const int filling : {0, 1}) {
    alignas(Recipe) std::array<std::byte, sizeof(Recipe)> place;
    std::memset(place.data(), filling * 0xff, place.size());
    const Recipe* made = new (place.data()) Recipe(recipe());
    keys.at(static_cast<std::size_t>(filling)) = std::make_unique<KernelKey>(*made);
    made->~Recipe();
  }
  CHECK(*keys[0] == *keys[1]);
  CHECK(keys[0]->hash() == keys[1]->hash());
}

TEST_CASE("equal fields of two kinds of recipes are two keys") {
  CHECK(KernelKey(Other{DType::f32}) == KernelKey(Other{DType::f32}));
  const KernelKey other(Other{DType::f32}), another(Another{DType::f32});
  CHECK(other != another);
}

TEST_CASE("a recipe of more bytes than a key has is refused") {
  CHECK_NOTHROW(KernelKey(Long{std::vector<std::uint64_t>(55, 1)}));
  CHECK_THROWS_WITH_AS(KernelKey(Long{std::vector<std::uint64_t>(56, 1)}),
                       "what a kernel is made from takes more than 448 bytes", ArgumentError);
}
