// Shape: what a Tensor's type knows of its extents: all, some, their number, or nothing.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "foundry/memory/label.hpp"
#include "foundry/tensor/extents.hpp"

namespace foundry {

/// An extent that only the run time knows. No extent is 0.
inline constexpr std::uint64_t kAny = 0;

namespace detail {
/// The product, or kAny if a factor is; past 2^63 - 1 no tensor can be made, and it does not
/// compile.
[[nodiscard]] consteval std::uint64_t static_count(std::span<const std::uint64_t> extents) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::uint64_t count = 1;
  for (const std::uint64_t extent : extents) {
    if (extent == kAny) return kAny;
    if (count > kMost / extent) throw "a shape of more than 2^63 - 1 elements";
    count *= extent;
  }
  return count;
}
}  // namespace detail

/// `Shape<4096>`, `Shape<kAny, 64>`: extents outermost first; `Shape<>` is a scalar.
template <std::uint64_t... kExtents>
struct Shape {
  static_assert(sizeof...(kExtents) <= kMaxRank, "a tensor has at most kMaxRank dimensions");
  static constexpr bool kHasRank = true;
  static constexpr std::size_t kRank = sizeof...(kExtents);
  static constexpr std::array<std::uint64_t, kRank> kValues{kExtents...};
  static constexpr std::uint64_t kCount = detail::static_count(kValues);
  static constexpr bool kIsStatic = kCount != kAny;
};

/// Nothing is known, the number of dimensions neither.
struct AnyShape {
  static constexpr bool kHasRank = false;
  static constexpr bool kIsStatic = false;
  static constexpr std::array<std::uint64_t, 0> kValues{};
  static constexpr std::uint64_t kCount = kAny;
};

namespace detail {

template <class S>
inline constexpr bool is_shape = false;
template <>
inline constexpr bool is_shape<AnyShape> = true;
template <std::uint64_t... kExtents>
inline constexpr bool is_shape<Shape<kExtents...>> = true;

template <auto kValues, class Axes>
struct ShapeFrom;
template <auto kValues, std::size_t... kAxes>
struct ShapeFrom<kValues, std::index_sequence<kAxes...>> {
  using Type = Shape<kValues[kAxes]...>;
};

using Known = std::span<const std::uint64_t>;

[[nodiscard]] consteval bool forgets(bool from_has_rank, Known from, bool to_has_rank, Known to) {
  if (!to_has_rank) return true;
  if (!from_has_rank || from.size() != to.size()) return false;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] != kAny && to[i] != from[i]) return false;
  }
  return true;
}

[[nodiscard]] consteval bool may_be(bool from_has_rank, Known from, bool to_has_rank, Known to) {
  if (!from_has_rank || !to_has_rank) return true;
  if (from.size() != to.size()) return false;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (from[i] != kAny && to[i] != kAny && from[i] != to[i]) return false;
  }
  return true;
}

[[nodiscard]] consteval bool repeats_to(bool from_has_rank, Known from, bool to_has_rank,
                                        Known to) {
  if (!from_has_rank || !to_has_rank) return true;
  if (from.size() > to.size()) return false;
  const Known inner = to.last(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] != kAny && from[i] != 1 && inner[i] != kAny && from[i] != inner[i]) return false;
  }
  return true;
}

[[nodiscard]] consteval bool has_axis(bool has_rank, Known extents, std::size_t axis) {
  return !has_rank || axis < extents.size();
}

/// The extent of an axis; kAny if it is not known.
[[nodiscard]] consteval std::uint64_t known_extent(bool has_rank, Known extents, std::size_t axis) {
  return has_rank ? extents[axis] : kAny;
}

[[nodiscard]] consteval bool is_order(bool has_rank, Known extents,
                                      std::span<const std::size_t> order) {
  if (has_rank && order.size() != extents.size()) return false;
  std::array<bool, kMaxRank> seen{};
  for (const std::size_t axis : order) {
    if (axis >= order.size() || axis >= kMaxRank || seen[axis]) return false;
    seen[axis] = true;
  }
  return true;
}

}  // namespace detail

template <class S>
concept ShapeTag = detail::is_shape<S>;

/// The Shape with the extents of an array.
template <auto kValues>
using ShapeOf = typename detail::ShapeFrom<kValues, std::make_index_sequence<kValues.size()>>::Type;

/// `Rank<2>` is Shape<kAny, kAny>.
template <std::size_t kRank>
using Rank = ShapeOf<std::array<std::uint64_t, kRank>{}>;

/// Every tensor of `From` is one of `To`, which forgets some of what `From` knows.
template <class From, class To>
concept ShapeForgets = ShapeTag<From> && ShapeTag<To> &&
                       detail::forgets(From::kHasRank, From::kValues, To::kHasRank, To::kValues);
/// Some tensor of `From` is one of `To`: nothing that both know differs.
template <class From, class To>
concept ShapeMayBe = ShapeTag<From> && ShapeTag<To> &&
                     detail::may_be(From::kHasRank, From::kValues, To::kHasRank, To::kValues);
/// Reshaping keeps the number of elements, as far as both know it.
template <class From, class To>
concept SameCount = ShapeTag<From> && ShapeTag<To> &&
                    (!From::kIsStatic || !To::kIsStatic || From::kCount == To::kCount);
/// `From` repeats to `To`: aligned at the innermost, each extent is 1, equal, or not known.
template <class From, class To>
concept ShapeRepeatsTo =
    ShapeTag<From> && ShapeTag<To> &&
    detail::repeats_to(From::kHasRank, From::kValues, To::kHasRank, To::kValues);
/// A tensor of S may have that axis, counted from the front.
template <class S, std::size_t kAxis>
concept HasAxis = ShapeTag<S> && detail::has_axis(S::kHasRank, S::kValues, kAxis);
/// [start, stop) by step lies in that axis and is not empty.
template <class S, std::size_t kAxis, std::uint64_t kStart, std::uint64_t kStop,
          std::uint64_t kStep>
concept SliceFits = HasAxis<S, kAxis> && (kStart < kStop) && (kStep >= 1) &&
                    (detail::known_extent(S::kHasRank, S::kValues, kAxis) == kAny ||
                     kStop <= detail::known_extent(S::kHasRank, S::kValues, kAxis));
/// That axis may have extent 1.
template <class S, std::size_t kAxis>
concept AxisMayBeOne =
    HasAxis<S, kAxis> && (detail::known_extent(S::kHasRank, S::kValues, kAxis) == kAny ||
                          detail::known_extent(S::kHasRank, S::kValues, kAxis) == 1);
/// kOrder names each dimension of S once.
template <class S, std::size_t... kOrder>
concept IsOrderOf =
    ShapeTag<S> && detail::is_order(S::kHasRank, S::kValues,
                                    std::array<std::size_t, sizeof...(kOrder)>{kOrder...});

namespace detail {

// Shapes of views; AnyShape where the rank is not known.

template <ShapeTag S, std::size_t kAxis, std::uint64_t kExtent>
struct WithExtent {
  [[nodiscard]] static consteval auto values() {
    auto values = S::kValues;
    values[kAxis] = kExtent;
    return values;
  }
  using Type = ShapeOf<values()>;
};
template <std::size_t kAxis, std::uint64_t kExtent>
struct WithExtent<AnyShape, kAxis, kExtent> {
  using Type = AnyShape;
};

template <ShapeTag S, std::size_t kAxis>
struct WithoutAxis {
  [[nodiscard]] static consteval auto values() {
    std::array<std::uint64_t, S::kRank - 1> values{};
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = S::kValues[i < kAxis ? i : i + 1];
    return values;
  }
  using Type = ShapeOf<values()>;
};
template <std::size_t kAxis>
struct WithoutAxis<AnyShape, kAxis> {
  using Type = AnyShape;
};

template <ShapeTag S, std::size_t kAxis>
struct WithAxis {
  [[nodiscard]] static consteval auto values() {
    std::array<std::uint64_t, S::kRank + 1> values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = i == kAxis ? 1 : S::kValues[i < kAxis ? i : i - 1];
    }
    return values;
  }
  using Type = ShapeOf<values()>;
};
template <std::size_t kAxis>
struct WithAxis<AnyShape, kAxis> {
  using Type = AnyShape;
};

template <ShapeTag S, std::size_t... kOrder>
struct InOrder {
  using Type = Shape<S::kValues[kOrder]...>;
};
template <std::size_t... kOrder>
struct InOrder<AnyShape, kOrder...> {
  using Type = Rank<sizeof...(kOrder)>;
};

template <ShapeTag S>
struct Reversed {
  [[nodiscard]] static consteval auto values() {
    auto values = S::kValues;
    for (std::size_t i = 0; i < S::kRank; ++i) values[i] = S::kValues[S::kRank - 1 - i];
    return values;
  }
  using Type = ShapeOf<values()>;
};
template <>
struct Reversed<AnyShape> {
  using Type = AnyShape;
};

/// The number of dimensions alone, changed by kChange.
template <ShapeTag S, int kChange>
struct RankOnly {
  using Type = Rank<static_cast<std::size_t>(static_cast<int>(S::kRank) + kChange)>;
};
template <int kChange>
struct RankOnly<AnyShape, kChange> {
  using Type = AnyShape;
};

}  // namespace detail

/// The extents of a wholly static shape.
template <ShapeTag S>
  requires(S::kIsStatic)
[[nodiscard]] Extents extents_of() {
  return Extents(std::span<const std::uint64_t>(S::kValues));
}

}  // namespace foundry
