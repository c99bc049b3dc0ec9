// Tensor<T, Storage, Mode, Rank>: AnyTensor with what is known at compile time in the type.
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <utility>

#include "foundry/core/error.hpp"
#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

// Storage states (mission A3) and modes (A4). The sets are sealed by the concepts below.
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

inline constexpr std::size_t kDynamicRank = static_cast<std::size_t>(-1);

/// The checks of the conversion from AnyTensor: DTypeError, StorageError or ShapeError.
void check_tensor_type(const AnyTensor& tensor, DType dtype, StorageKind storage, StorageMode mode,
                       std::size_t rank);

/// A typed face over AnyTensor: same handle semantics. host() exists only where the host may look:
/// on a private tensor it does not compile.
template <Element T, StorageState Storage = Dedicated, StorageModeTag Mode = Shared,
          std::size_t Rank = kDynamicRank>
class Tensor {
 public:
  using Value = T;
  static constexpr DType kDType = dtype_of<T>;

  Tensor() = default;
  /// Throws unless dtype, storage, mode and rank are the type's.
  explicit Tensor(AnyTensor tensor) : any_(std::move(tensor)) {
    check_tensor_type(any_, kDType, Storage::kKind, Mode::kMode, Rank);
  }

  operator const AnyTensor&() const noexcept { return any_; }
  const AnyTensor& any() const noexcept { return any_; }
  explicit operator bool() const noexcept { return static_cast<bool>(any_); }
  const Extents& extents() const noexcept { return any_.extents(); }
  std::uint64_t count() const noexcept { return any_.count(); }
  std::string name() const { return any_.name(); }
  const Tensor& named(std::string name) const {
    any_.named(std::move(name));
    return *this;
  }

  std::span<const T> host() const
    requires(is_host_visible(Mode::kMode))
  {
    return any_.template host<T>();
  }
  std::span<T> host_mutable() const
    requires(is_host_visible(Mode::kMode))
  {
    return any_.template host_mutable<T>();
  }

  Tensor<T, View, Mode> reshape(const Extents& extents) const {
    return view(any_.reshape(extents));
  }
  Tensor<T, View, Mode, Rank> slice(std::int64_t axis, std::int64_t start, std::int64_t stop,
                                    std::int64_t step = 1) const {
    return Tensor<T, View, Mode, Rank>(any_.slice(axis, start, stop, step));
  }
  Tensor<T, View, Mode, Rank> transpose() const {
    return Tensor<T, View, Mode, Rank>(any_.transpose());
  }
  Tensor<T, View, Mode> squeeze() const { return view(any_.squeeze()); }
  Tensor<T, View, Mode> broadcast(const Extents& extents) const {
    return view(any_.broadcast(extents));
  }

 private:
  static Tensor<T, View, Mode> view(AnyTensor tensor) {
    return Tensor<T, View, Mode>(std::move(tensor));
  }
  AnyTensor any_;
};

template <Element T, StorageState S, StorageModeTag M, std::size_t R>
std::string to_string(const Tensor<T, S, M, R>& tensor) {
  return to_string(tensor.any());
}

}  // namespace foundry
