// Static shapes: what the types of views know, and that it is true of the values.
#include "foundry/tensor/shape.hpp"

#include <doctest/doctest.h>

#include <concepts>
#include <numeric>
#include <type_traits>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

namespace {

template <ShapeTag S>
using Typed = Tensor<f32, Dedicated, Shared, S>;
template <ShapeTag S>
using Seen = Tensor<f32, View, Shared, S>;

template <ShapeTag S>
Typed<S> counted(const Extents& extents) {
  const AnyTensor any = AnyTensor::dedicated(Device::system_default(), extents, DType::f32);
  const auto values = any.host_mutable<f32>();
  std::iota(values.begin(), values.end(), 0.0f);
  return Typed<S>(any);
}

/// The result's type is Seen<S>, and its extents are what that type says.
template <ShapeTag S, class View>
bool is_seen_as(const View& view) {
  static_assert(std::same_as<View, Seen<S>>);
  CHECK_NOTHROW(check_tensor_shape(view.any(), S::kHasRank, S::kValues));
  return true;
}

template <class T, class To>
concept CanBecome = requires(const T& tensor) { tensor.template as<To>(); };
template <class T, class To>
concept CanReshapeTo = requires(const T& tensor) { tensor.template reshape<To>(); };
template <class T, std::size_t kAxis, std::uint64_t kStart, std::uint64_t kStop>
concept CanSlice = requires(const T& tensor) { tensor.template slice<kAxis, kStart, kStop>(); };
template <class T, std::size_t kAxis>
concept CanSqueeze = requires(const T& tensor) { tensor.template squeeze<kAxis>(); };
template <class T, std::size_t... kOrder>
concept CanTranspose = requires(const T& tensor) { tensor.template transpose<kOrder...>(); };
template <class T, class To>
concept CanRepeatTo = requires(const T& tensor) { tensor.template broadcast<To>(); };
template <class T>
concept CanSelect = requires(const T& tensor) { tensor.select(0, 0); };

using Matrix = Typed<Shape<4, 8>>;

}  // namespace

static_assert(std::same_as<Rank<2>, Shape<kAny, kAny>> && std::same_as<Rank<0>, Shape<>>);
static_assert(Shape<4, 8>::kCount == 32 && Shape<>::kCount == 1 && Shape<4, kAny>::kCount == kAny);
static_assert(!ShapeTag<int>, "shapes are sealed");

// Knowing less is implicit, knowing more is not, knowing otherwise is impossible.
static_assert(std::is_convertible_v<Matrix, Typed<Shape<kAny, 8>>>);
static_assert(std::is_convertible_v<Matrix, Typed<Rank<2>>>);
static_assert(std::is_convertible_v<Matrix, Typed<AnyShape>>);
static_assert(!std::is_constructible_v<Matrix, Typed<Rank<2>>>);
static_assert(!std::is_constructible_v<Typed<Rank<3>>, Matrix>);
static_assert(!std::is_constructible_v<Typed<Shape<4, 9>>, Matrix>);
static_assert(!std::is_constructible_v<Seen<Shape<4, 8>>, Matrix>, "states change by as_view()");
static_assert(CanBecome<Typed<Rank<2>>, Shape<4, 8>> && CanBecome<Typed<AnyShape>, Shape<4, 8>>);
static_assert(!CanBecome<Matrix, Shape<4, 9>> && !CanBecome<Matrix, Rank<1>>);

static_assert(CanReshapeTo<Matrix, Shape<32>> && !CanReshapeTo<Matrix, Shape<33>>);
static_assert(!CanReshapeTo<Matrix, Rank<1>>, "a view's extents must be known");
static_assert(CanSlice<Matrix, 1, 2, 8> && !CanSlice<Matrix, 1, 2, 9>);
static_assert(!CanSlice<Matrix, 2, 0, 1> && !CanSlice<Matrix, 0, 2, 2>);
static_assert(CanSlice<Typed<Rank<2>>, 1, 2, 900>, "checked when it runs");
static_assert(CanSqueeze<Typed<Shape<1, 8>>, 0> && !CanSqueeze<Typed<Shape<1, 8>>, 1>);
static_assert(CanTranspose<Matrix, 1, 0> && !CanTranspose<Matrix, 1, 1>);
static_assert(!CanTranspose<Matrix, 0, 1, 2> && !CanTranspose<Matrix, 0, 2>);
static_assert(CanRepeatTo<Typed<Shape<1, 8>>, Shape<3, 5, 8>>);
static_assert(!CanRepeatTo<Typed<Shape<2, 8>>, Shape<5, 8>>);
static_assert(CanSelect<Matrix> && !CanSelect<Typed<Shape<>>>);

TEST_CASE("views of static shapes have the shapes that their types say, and numpy's values") {
  const Matrix x = counted<Shape<4, 8>>({4, 8});
  CHECK(is_seen_as<Shape<4, 8>>(x.as_view()));
  CHECK(is_seen_as<Shape<2, 16>>(x.reshape<Shape<2, 16>>()));
  CHECK(is_seen_as<AnyShape>(x.reshape({2, 16})));
  CHECK(is_seen_as<Rank<2>>(x.slice(0, 1, 3)));
  CHECK(is_seen_as<Shape<4, 3>>(x.slice<1, 2, 8, 2>()));
  CHECK(x.slice<1, 2, 8, 2>().select<0>(3).any().strides()[0] == 2);
  CHECK(is_seen_as<Rank<1>>(x.select(0, 2)));
  CHECK(is_seen_as<Shape<8>>(x.select<0>(2)));
  const auto row = x.select<0>(2);
  CHECK(row.host()[1] == 17.0f);
  CHECK(is_seen_as<Shape<8, 4>>(x.transpose()));
  CHECK(is_seen_as<Shape<8, 4>>(x.transpose<1, 0>()));
  CHECK(is_seen_as<Rank<3>>(x.unsqueeze(-1)));
  CHECK(is_seen_as<Shape<4, 1, 8>>(x.unsqueeze<1>()));
  CHECK(is_seen_as<Shape<4, 8>>(x.unsqueeze<1>().squeeze<1>()));
  CHECK(is_seen_as<AnyShape>(x.unsqueeze<1>().squeeze()));
  CHECK(is_seen_as<Shape<2, 4, 8>>(x.broadcast<Shape<2, 4, 8>>()));
  CHECK(
      is_seen_as<Shape<3, 8, 4>>(x.reshape<Shape<4, 8>>().transpose().broadcast<Shape<3, 8, 4>>()));
}

TEST_CASE("what the type does not know is checked when it runs") {
  const auto x = counted<Rank<2>>({4, 8});
  CHECK(is_seen_as<Shape<kAny, 3>>(x.slice<1, 5, 8>()));
  CHECK_THROWS_WITH_AS((x.slice<1, 5, 9>()),
                       "slice [5:9:1] of axis 1 of (4, 8): it leaves the axis", ShapeError);
  CHECK_THROWS_WITH_AS(x.squeeze<0>(), "squeeze: axis 0 of (4, 8) is 4, not 1", ShapeError);
  CHECK_THROWS_WITH_AS(x.reshape<Shape<31>>(), "reshape: (4, 8) has 32 elements, (31,) has 31",
                       ShapeError);
  CHECK_THROWS_AS((x.broadcast<Shape<5, 8>>()), ShapeError);
  CHECK_THROWS_AS((counted<AnyShape>({4, 8}).transpose<1, 0, 2>()), ShapeError);
  const auto known = x.as<Shape<4, 8>>();
  CHECK(known.any().buffer() == x.any().buffer());
  CHECK_THROWS_WITH_AS((x.as<Shape<4, 9>>()), "tensor (4, 8) f32: axis 1 is 8; asked for (4, 9)",
                       ShapeError);
  CHECK_THROWS_WITH_AS((x.reshape({32}).as<Shape<4, 8>>()),
                       "tensor (32,) f32 has 1 dimension; asked for (4, 8)", ShapeError);
  const Typed<AnyShape> forgotten = known;
  CHECK(forgotten.extents() == Extents{4, 8});
}

TEST_CASE("a scalar is a shape too") {
  const auto x = counted<Shape<>>({});
  CHECK(x.host().size() == 1);
  CHECK(is_seen_as<Shape<1>>(x.unsqueeze<0>()));
  CHECK(is_seen_as<Shape<7>>(x.broadcast<Shape<7>>()));
}
