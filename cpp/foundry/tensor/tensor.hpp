// Tensor<T, Storage, Mode, Shape>: AnyTensor with what is known at compile time in the type.
#pragma once

#include <array>
#include <concepts>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "foundry/core/error.hpp"
#include "foundry/tensor/any_tensor.hpp"
#include "foundry/tensor/shape.hpp"

namespace foundry {

// Storage states and modes. The sets are sealed by the concepts below.
struct Dedicated {
  static constexpr StorageKind kKind = StorageKind::dedicated;
};
struct Pooled {
  static constexpr StorageKind kKind = StorageKind::pooled;
};
struct View {
  static constexpr StorageKind kKind = StorageKind::view;
};
struct Shared {
  static constexpr StorageMode kMode = StorageMode::shared;
};
struct Private {
  static constexpr StorageMode kMode = StorageMode::private_;
};
struct Borrowed {
  static constexpr StorageMode kMode = StorageMode::borrowed;
};

template <class S>
concept StorageState =
    std::same_as<S, Dedicated> || std::same_as<S, Pooled> || std::same_as<S, View>;
template <class M>
concept StorageModeTag =
    std::same_as<M, Shared> || std::same_as<M, Private> || std::same_as<M, Borrowed>;
/// The host may look at the bytes.
template <class M>
concept HostVisible = StorageModeTag<M> && is_host_visible(M::kMode);

/// The checks of the conversion from AnyTensor: DTypeError, StorageError or ShapeError. `extents`
/// may have kAny; `has_rank` false: any number of dimensions.
void check_tensor_type(const AnyTensor& tensor, DType dtype, StorageKind storage, StorageMode mode,
                       bool has_rank, std::span<const std::uint64_t> extents);
/// The shape's part of it, e.g. "x (4, 8) f16 has 2 dimensions; asked for (any, any, 64)".
void check_tensor_shape(const AnyTensor& tensor, bool has_rank,
                        std::span<const std::uint64_t> extents);

/// A typed face over AnyTensor: same handle semantics. What the type knows is checked when it is
/// made of an AnyTensor and holds from then on; what it does not know is checked by each call.
/// host() exists only where the host may look: on a private tensor it does not compile.
///
/// Conversions: to AnyTensor and to a Shape that knows less, implicitly; to a view, as_view(); to a
/// Shape that knows more, as<Shape>(), checked. None touches the bytes.
template <Element T, StorageState Storage = Dedicated, StorageModeTag Mode = Shared,
          ShapeTag S = AnyShape>
class [[nodiscard]] Tensor {
  template <ShapeTag To>
  using ViewOf = Tensor<T, View, Mode, To>;

 public:
  using Value = T;
  using StaticShape = S;
  static constexpr const DType& kDType = dtype_of<T>;

  Tensor() = default;
  /// Throws unless dtype, storage, mode and shape are the type's. Of a Tensor of another type it
  /// does not compile.
  template <class Any>
    requires std::derived_from<std::remove_cvref_t<Any>, AnyTensor>
  explicit Tensor(Any&& tensor) : any_(std::forward<Any>(tensor)) {
    check_tensor_type(any_, kDType, Storage::kKind, Mode::kMode, S::kHasRank, S::kValues);
  }
  /// Knows less of the shape.
  template <ShapeTag From>
    requires(!std::same_as<From, S> && ShapeForgets<From, S>)
  Tensor(const Tensor<T, Storage, Mode, From>& tensor) : any_(tensor.any()) {}

  operator const AnyTensor&() const noexcept { return any_; }
  [[nodiscard]] const AnyTensor& any() const noexcept { return any_; }
  explicit operator bool() const noexcept { return static_cast<bool>(any_); }
  [[nodiscard]] const Extents& extents() const noexcept { return any_.extents(); }
  [[nodiscard]] std::uint64_t count() const noexcept { return any_.count(); }
  [[nodiscard]] std::string name() const { return any_.name(); }
  const Tensor& named(std::string name) const {
    any_.named(std::move(name));
    return *this;
  }

  [[nodiscard]] std::span<const T> host() const&
    requires(HostVisible<Mode>)
  {
    return any_.template host<T>();
  }
  [[nodiscard]] std::span<T> host_mutable() const&
    requires(HostVisible<Mode>)
  {
    return any_.template host_mutable<T>();
  }
  /// A span does not hold the lease: of a temporary, the bytes would be gone with it.
  std::span<const T> host() const&&
    requires(HostVisible<Mode>)
  = delete;
  std::span<T> host_mutable() const&&
    requires(HostVisible<Mode>)
  = delete;

  /// The same tensor, whose type knows `To`. ShapeError if it is of another shape.
  template <ShapeTag To>
    requires ShapeMayBe<S, To>
  Tensor<T, Storage, Mode, To> as() const {
    return Tensor<T, Storage, Mode, To>(any_);
  }
  /// The same elements, held as a view.
  ViewOf<S> as_view() const { return ViewOf<S>(any_.as_view()); }

  // Views, as AnyTensor makes them. With template arguments they are checked as far as the type
  // knows the shape, and the result's type knows what follows.

  ViewOf<AnyShape> reshape(const Extents& extents) const {
    return ViewOf<AnyShape>(any_.reshape(extents));
  }
  template <ShapeTag To>
    requires(To::kIsStatic && SameCount<S, To>)
  ViewOf<To> reshape() const {
    return ViewOf<To>(any_.reshape(extents_of<To>()));
  }

  ViewOf<typename detail::RankOnly<S, 0>::Type> slice(std::int64_t axis, std::int64_t start,
                                                      std::int64_t stop,
                                                      std::int64_t step = 1) const {
    return ViewOf<typename detail::RankOnly<S, 0>::Type>(any_.slice(axis, start, stop, step));
  }
  template <std::size_t kAxis, std::uint64_t kStart, std::uint64_t kStop, std::uint64_t kStep = 1>
    requires SliceFits<S, kAxis, kStart, kStop, kStep>
  auto slice() const {
    constexpr std::uint64_t kExtent = (kStop - kStart - 1) / kStep + 1;
    return ViewOf<typename detail::WithExtent<S, kAxis, kExtent>::Type>(
        any_.slice(kAxis, kStart, kStop, kStep));
  }

  auto select(std::int64_t axis, std::int64_t index) const
    requires HasAxis<S, 0>
  {
    return ViewOf<typename detail::RankOnly<S, -1>::Type>(any_.select(axis, index));
  }
  template <std::size_t kAxis>
    requires HasAxis<S, kAxis>
  auto select(std::int64_t index) const {
    return ViewOf<typename detail::WithoutAxis<S, kAxis>::Type>(any_.select(kAxis, index));
  }

  auto transpose() const { return ViewOf<typename detail::Reversed<S>::Type>(any_.transpose()); }
  /// Dimension i of the result is dimension kOrder[i] of this.
  template <std::size_t... kOrder>
    requires(sizeof...(kOrder) > 0 && IsOrderOf<S, kOrder...>)
  auto transpose() const {
    constexpr std::array<std::int64_t, sizeof...(kOrder)> order{kOrder...};
    return ViewOf<typename detail::InOrder<S, kOrder...>::Type>(any_.transpose(order));
  }

  ViewOf<AnyShape> squeeze() const { return ViewOf<AnyShape>(any_.squeeze()); }
  template <std::size_t kAxis>
    requires AxisMayBeOne<S, kAxis>
  auto squeeze() const {
    return ViewOf<typename detail::WithoutAxis<S, kAxis>::Type>(any_.squeeze(kAxis));
  }

  auto unsqueeze(std::int64_t axis) const {
    return ViewOf<typename detail::RankOnly<S, 1>::Type>(any_.unsqueeze(axis));
  }
  template <std::size_t kAxis>
    requires(!S::kHasRank || kAxis <= S::kValues.size())
  auto unsqueeze() const {
    return ViewOf<typename detail::WithAxis<S, kAxis>::Type>(any_.unsqueeze(kAxis));
  }

  ViewOf<AnyShape> broadcast(const Extents& extents) const {
    return ViewOf<AnyShape>(any_.broadcast(extents));
  }
  template <ShapeTag To>
    requires(To::kIsStatic && ShapeRepeatsTo<S, To>)
  ViewOf<To> broadcast() const {
    return ViewOf<To>(any_.broadcast(extents_of<To>()));
  }

 private:
  AnyTensor any_;
};

template <Element T, StorageState Storage, StorageModeTag Mode, ShapeTag S>
[[nodiscard]] std::string to_string(const Tensor<T, Storage, Mode, S>& tensor) {
  return to_string(tensor.any());
}

}  // namespace foundry
