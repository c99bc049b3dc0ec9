#include "foundry/tensor/tensor.hpp"

#include <doctest/doctest.h>

#include "foundry/core/error.hpp"

using namespace foundry;

// What must not compile.
template <class T>
concept HasHost = requires(const T& tensor) { tensor.host(); };
template <class T>
concept HasHostMutable = requires(const T& tensor) { tensor.host_mutable(); };
template <class T, class Storage, class Mode>
concept IsTensor = requires { typename Tensor<T, Storage, Mode>; };
struct Intruder {
  static constexpr StorageKind kKind = StorageKind::pooled;
  static constexpr StorageMode kMode = StorageMode::shared;
};

static_assert(HasHost<Tensor<f16, Pooled, Shared>>);
static_assert(HasHost<Tensor<f16, View, Borrowed>>);
static_assert(!HasHost<Tensor<f16, Pooled, Private>>, "reading a private tensor on the host");
static_assert(!HasHostMutable<Tensor<f16, Dedicated, Private, Rank<2>>>);
static_assert(!IsTensor<f16, Intruder, Shared>, "storage states are sealed");
static_assert(!IsTensor<f16, Pooled, Intruder>, "storage modes are sealed");
static_assert(!IsTensor<std::string, Pooled, Shared>, "elements are the dtypes");
static_assert(!std::is_convertible_v<AnyTensor, Tensor<f16>>, "narrowing is explicit");
static_assert(std::is_constructible_v<Tensor<f16>, AnyTensor>);
static_assert(std::is_convertible_v<Tensor<f16>, const AnyTensor&>);
static_assert(!std::is_constructible_v<Tensor<f16>, Tensor<f32>>, "another element type");
static_assert(!std::is_constructible_v<Tensor<f16, Pooled>, Tensor<f16, Dedicated>>);
static_assert(!std::is_constructible_v<Tensor<f16, Pooled, Private>, Tensor<f16, Pooled, Shared>>);

TEST_CASE("a typed tensor is what its type says, or a typed error") {
  const Device device = Device::system_default();
  const AnyTensor any = AnyTensor::dedicated(device, {4, 8}, DType::f16, StorageMode::shared, "x");
  const Tensor<f16, Dedicated, Shared, Rank<2>> x(any);
  x.host_mutable()[0] = f16(1.5f);
  CHECK(float(x.host()[0]) == 1.5f);
  const auto flat = x.reshape({32});
  CHECK(flat.host().size() == 32);
  CHECK(x.slice(0, 1, 2).extents() == Extents{1, 8});
  CHECK(to_string(x.transpose()) == "Tensor 'x' (8, 4) f16, view, shared, strides (1, 8)");
  CHECK_THROWS_WITH_AS(Tensor<float>{any}, "x (4, 8) f16 is no tensor of f32", DTypeError);
  CHECK_THROWS_WITH_AS((Tensor<f16, Pooled>{any}),
                       "x (4, 8) f16 is dedicated, shared; asked for pooled, shared", StorageError);
  CHECK_THROWS_WITH_AS((Tensor<f16, Dedicated, Private>{any}),
                       "x (4, 8) f16 is dedicated, shared; asked for dedicated, private",
                       StorageError);
  CHECK_THROWS_WITH_AS((Tensor<f16, Dedicated, Shared, Rank<3>>{any}),
                       "x (4, 8) f16 has 2 dimensions; asked for (any, any, any)", ShapeError);
  CHECK_THROWS_WITH_AS((Tensor<f16, Dedicated, Shared, Shape<kAny, 16>>{any}),
                       "x (4, 8) f16: axis 1 is 8; asked for (any, 16)", ShapeError);
  CHECK_THROWS_AS(Tensor<f16>{AnyTensor()}, StorageError);
}
