// Extents and Strides: shapes, never with a zero, and the one implementation of stride arithmetic.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "foundry/memory/label.hpp"
#include "foundry/tensor/dtype.hpp"

namespace foundry {

/// A tensor's shape, outermost dimension first; rank 0 is a scalar. Throws ShapeError where it is
/// made: for a zero extent, a rank past kMaxRank, a count of elements past 2^63.
class Extents {
 public:
  Extents() = default;
  Extents(std::initializer_list<std::uint64_t> values);
  explicit Extents(std::span<const std::uint64_t> values);

  [[nodiscard]] std::size_t rank() const noexcept { return values_.size(); }
  /// Extent of `axis`; ShapeError outside the rank. Negative axes count from the end.
  [[nodiscard]] std::uint64_t at(std::int64_t axis) const;
  std::uint64_t operator[](std::size_t axis) const noexcept { return values_[axis]; }
  /// Elements: the product.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Extent of the innermost dimension; 1 for a scalar.
  [[nodiscard]] std::uint64_t inner() const noexcept { return rank() ? values_[rank() - 1] : 1; }

  [[nodiscard]] const std::uint64_t* begin() const noexcept { return values_.begin(); }
  [[nodiscard]] const std::uint64_t* end() const noexcept { return values_.end(); }
  [[nodiscard]] const Dimensions& dimensions() const noexcept { return values_; }
  friend bool operator==(const Extents& a, const Extents& b) noexcept {
    return a.values_ == b.values_;
  }

 private:
  Dimensions values_;
  std::uint64_t count_ = 1;
};

/// Steps in elements, one per dimension. Never negative; 0 where a dimension is broadcast. Block
/// types step in elements too, in multiples of their block outside the innermost dimension.
using Strides = InlineVector<std::uint64_t, kMaxRank>;

/// "(4096,)".
[[nodiscard]] std::string to_string(const Extents& extents);

/// `axis` counted from the front; ShapeError outside [-rank, rank).
[[nodiscard]] std::size_t normalize_axis(std::int64_t axis, std::size_t rank, const char* what);
/// Row-major strides.
[[nodiscard]] Strides row_major(const Extents& extents) noexcept;
/// Whether elements lie row-major without gaps (dimensions of extent 1 may have any stride).
[[nodiscard]] bool is_row_major(const Extents& extents, const Strides& strides) noexcept;
/// Elements from the first to one past the last.
[[nodiscard]] std::uint64_t span_of(const Extents& extents, const Strides& strides) noexcept;
/// Bytes of `count` elements, whole blocks; DTypeError unless `extents`' inner size is a multiple
/// of the dtype's block, ShapeError past 2^63.
[[nodiscard]] std::uint64_t byte_length(const Extents& extents, DType dtype);

/// A shape seen through strides, at an offset in elements from the viewed range's start.
struct Layout {
  Extents extents;
  Strides strides;
  std::uint64_t offset = 0;
};

/// Views. Each throws ShapeError with the shapes in it when it is not possible without a copy.
[[nodiscard]] Layout reshaped(const Layout& layout, const Extents& extents);
[[nodiscard]] Layout sliced(const Layout& layout, std::int64_t axis, std::int64_t start,
                            std::int64_t stop, std::int64_t step);
[[nodiscard]] Layout transposed(const Layout& layout, std::span<const std::int64_t> order);
[[nodiscard]] Layout squeezed(const Layout& layout, std::optional<std::int64_t> axis);
[[nodiscard]] Layout unsqueezed(const Layout& layout, std::int64_t axis);
[[nodiscard]] Layout broadcast(const Layout& layout, const Extents& extents);

}  // namespace foundry
