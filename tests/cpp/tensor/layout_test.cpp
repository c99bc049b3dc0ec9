// Views against a model: the list of element positions in logical order.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/tensor/extents.hpp"

using namespace foundry;

namespace {

/// The positions that a layout visits, in row-major order of its indices.
std::vector<std::uint64_t> positions(const Layout& layout) {
  std::vector<std::uint64_t> result;
  std::vector<std::uint64_t> index(layout.extents.rank(), 0);
  for (std::uint64_t n = 0; n < layout.extents.count(); ++n) {
    std::uint64_t position = layout.offset;
    for (std::size_t i = 0; i < index.size(); ++i) position += index[i] * layout.strides[i];
    result.push_back(position);
    for (std::size_t i = index.size(); i-- > 0;) {
      if (++index[i] < layout.extents[i]) break;
      index[i] = 0;
    }
  }
  return result;
}

/// A dense array of positions with its shape: views done by copying.
struct Dense {
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> values;

  std::uint64_t at(const std::vector<std::uint64_t>& index) const {
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) n = n * shape[i] + index[i];
    return values[n];
  }
  template <class Map>  // new index -> old index
  Dense mapped(std::vector<std::uint64_t> to, const Map& map) const {
    Dense result{to, {}};
    std::vector<std::uint64_t> index(to.size(), 0);
    std::uint64_t count = 1;
    for (const auto extent : to) count *= extent;
    for (std::uint64_t n = 0; n < count; ++n) {
      result.values.push_back(at(map(index)));
      for (std::size_t i = index.size(); i-- > 0;) {
        if (++index[i] < to[i]) break;
        index[i] = 0;
      }
    }
    return result;
  }
};

Extents extents_of(const std::vector<std::uint64_t>& shape) {
  return Extents(std::span<const std::uint64_t>(shape));
}

std::vector<std::uint64_t> random_factors(std::mt19937& random, std::uint64_t count) {
  std::vector<std::uint64_t> shape;
  while (shape.size() < 6 && (count > 1 || random() % 3 == 0)) {
    std::vector<std::uint64_t> divisors{1};
    for (std::uint64_t d = 2; d <= count; ++d) {
      if (count % d == 0) divisors.push_back(d);
    }
    const std::uint64_t d = shape.size() == 5 ? count : divisors[random() % divisors.size()];
    shape.push_back(d);
    count /= d;
  }
  return shape;
}

}  // namespace

TEST_CASE("random chains of views visit the positions that copying would") {
  std::mt19937 random(3);
  int reshapes = 0, refusals = 0;
  for (int round = 0; round < 4000; ++round) {
    Dense dense{random_factors(random, 1 + random() % 48), {}};
    std::uint64_t count = 1;
    for (const auto extent : dense.shape) count *= extent;
    dense.values.resize(count);
    std::iota(dense.values.begin(), dense.values.end(), 0u);
    Layout layout{extents_of(dense.shape), row_major(extents_of(dense.shape)), 0};

    for (int step = 0; step < 5; ++step) {
      const std::size_t rank = dense.shape.size();
      switch (random() % 6) {
        case 0: {  // reshape: either the same positions in the same order, or refused
          const auto shape = random_factors(random, layout.extents.count());
          std::uint64_t product = 1;
          for (const auto extent : shape) product *= extent;
          if (product != layout.extents.count()) break;
          try {
            layout = reshaped(layout, extents_of(shape));
            dense.shape = shape;
            ++reshapes;
          } catch (const ShapeError&) {
            REQUIRE_FALSE(is_row_major(layout.extents, layout.strides));
            ++refusals;
          }
          break;
        }
        case 1: {
          if (rank == 0) break;
          const std::size_t axis = random() % rank;
          const std::uint64_t start = random() % dense.shape[axis];
          const std::uint64_t stop = start + 1 + random() % (dense.shape[axis] - start);
          const std::uint64_t stride = 1 + random() % 3;
          layout = sliced(layout, static_cast<std::int64_t>(axis), static_cast<std::int64_t>(start),
                          static_cast<std::int64_t>(stop), static_cast<std::int64_t>(stride));
          auto shape = dense.shape;
          shape[axis] = (stop - start + stride - 1) / stride;
          dense = dense.mapped(shape, [&](auto index) {
            index[axis] = start + index[axis] * stride;
            return index;
          });
          break;
        }
        case 2: {
          std::vector<std::int64_t> order(rank);
          std::iota(order.begin(), order.end(), 0);
          std::shuffle(order.begin(), order.end(), random);
          layout = transposed(layout, order);
          std::vector<std::uint64_t> shape;
          for (const auto axis : order)
            shape.push_back(dense.shape[static_cast<std::size_t>(axis)]);
          dense = dense.mapped(shape, [&](const auto& index) {
            std::vector<std::uint64_t> old(rank);
            for (std::size_t i = 0; i < rank; ++i)
              old[static_cast<std::size_t>(order[i])] = index[i];
            return old;
          });
          break;
        }
        case 3:
          layout = squeezed(layout, {});
          std::erase(dense.shape, 1u);
          break;
        case 4: {
          if (rank >= 7) break;
          const std::size_t axis = random() % (rank + 1);
          layout = unsqueezed(layout, static_cast<std::int64_t>(axis));
          dense.shape.insert(dense.shape.begin() + static_cast<std::ptrdiff_t>(axis), 1);
          break;
        }
        case 5: {
          auto shape = dense.shape;
          std::uint64_t total = layout.extents.count();
          for (auto& extent : shape) {
            if (extent == 1 && random() % 2 && total < 200) total *= extent = 3;
          }
          const bool has_outer = shape.size() < 6 && random() % 3 == 0 && total < 200;
          if (has_outer) shape.insert(shape.begin(), 2);
          layout = broadcast(layout, extents_of(shape));
          dense = dense.mapped(shape, [&](auto index) {
            if (has_outer) index.erase(index.begin());
            for (std::size_t i = 0; i < index.size(); ++i) {
              if (dense.shape[i] == 1) index[i] = 0;
            }
            return index;
          });
          break;
        }
      }
      REQUIRE(layout.extents == extents_of(dense.shape));
      REQUIRE(positions(layout) == dense.values);
      const auto visited = positions(layout);
      const std::uint64_t last = *std::max_element(visited.begin(), visited.end());
      REQUIRE(span_of(layout.extents, layout.strides) == last - layout.offset + 1);
    }
  }
  CHECK(reshapes > 500);
  CHECK(refusals > 100);
}

TEST_CASE("a reshape that merges what is mergeable needs no copy") {
  const Extents shape{4, 6, 5};
  const Layout rows = sliced({shape, row_major(shape), 0}, 0, 0, 4, 2);  // strides 60, 5, 1
  const Layout merged = reshaped(rows, Extents{2, 30});
  CHECK(merged.strides[0] == 60);
  CHECK(merged.strides[1] == 1);
  CHECK_THROWS_WITH_AS(reshaped(rows, Extents{60}),
                       "reshape: (2, 6, 5) with strides (60, 5, 1) cannot be seen as (60,) without "
                       "a copy",
                       ShapeError);
}

TEST_CASE("views that cannot be say why, with the shapes") {
  const Extents shape{4, 6};
  const Layout layout{shape, row_major(shape), 0};
  CHECK_THROWS_WITH_AS(reshaped(layout, Extents{5, 5}),
                       "reshape: (4, 6) has 24 elements, (5, 5) has 25", ShapeError);
  CHECK_THROWS_WITH_AS(sliced(layout, 1, 2, 7, 1),
                       "slice [2:7:1] of axis 1 of (4, 6): it leaves "
                       "the axis",
                       ShapeError);
  CHECK_THROWS_WITH_AS(sliced(layout, 1, 3, 3, 1), "slice [3:3:1] of axis 1 of (4, 6): it is empty",
                       ShapeError);
  CHECK_THROWS_WITH_AS(sliced(layout, 0, 0, 4, 0),
                       "slice [0:4:0] of axis 0 of (4, 6): the step must be at least 1",
                       ShapeError);
  CHECK_THROWS_WITH_AS(sliced(layout, 2, 0, 1, 1),
                       "slice: axis 2 is not in a shape of 2 dimensions", ShapeError);
  const std::array<std::int64_t, 2> twice = {1, 1};
  CHECK_THROWS_WITH_AS(transposed(layout, twice),
                       "transpose: (1, 1) is no order of the 2 dimensions of (4, 6)", ShapeError);
  CHECK_THROWS_WITH_AS(squeezed(layout, 0), "squeeze: axis 0 of (4, 6) is 4, not 1", ShapeError);
  CHECK_THROWS_WITH_AS(broadcast(layout, Extents{4, 12}),
                       "broadcast: (4, 6) does not repeat to (4, 12)", ShapeError);
  CHECK_THROWS_AS(broadcast(layout, Extents{6}), ShapeError);
  CHECK(sliced(layout, -1, -2, 6, 1).offset == 4);
}
