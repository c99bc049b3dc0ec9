#include "foundry/tensor/extents.hpp"

#include <algorithm>
#include <limits>

#include "foundry/core/checked.hpp"
#include "foundry/core/error.hpp"

namespace foundry {

namespace {

// Element counts and byte lengths stay below it, so that they fit signed 64-bit numbers everywhere.
constexpr std::uint64_t kMostElements = std::numeric_limits<std::int64_t>::max();

std::string shape_text(std::span<const std::uint64_t> values) {
  std::string text = "(";
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += (i ? ", " : "") + std::to_string(values[i]);
  }
  return text + (values.size() == 1 ? ",)" : ")");
}

}  // namespace

Extents::Extents(std::initializer_list<std::uint64_t> values)
    : Extents(std::span<const std::uint64_t>(values.begin(), values.size())) {}

Extents::Extents(std::span<const std::uint64_t> values) {
  if (values.size() > kMaxRank) {
    throw ShapeError(concat("shape ", shape_text(values), " has ", values.size(),
                            " dimensions, the most is ", kMaxRank));
  }
  for (const std::uint64_t value : values) {
    if (value == 0) throw ShapeError(concat("shape ", shape_text(values), " has a zero extent"));
    const auto product = checked_multiply(count_, value);
    if (!product || *product > kMostElements) {
      throw ShapeError(
          concat("shape ", shape_text(values), " has more than ", kMostElements, " elements"));
    }
    count_ = *product;
    values_.push_back(value);
  }
}

std::uint64_t Extents::at(std::int64_t axis) const {
  return values_[normalize_axis(axis, rank(), "extent")];
}

std::string to_string(const Extents& extents) {
  return to_string(extents.dimensions());
}

std::size_t normalize_axis(std::int64_t axis, std::size_t rank, const char* what) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    throw ShapeError(concat(what, ": axis ", axis, " is not in a shape of ", rank, " dimensions"));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

Strides row_major(const Extents& extents) noexcept {
  Strides strides;
  std::uint64_t stride = extents.count();
  for (std::size_t i = 0; i < extents.rank(); ++i) {
    stride /= extents[i];
    strides.push_back(stride);
  }
  return strides;
}

bool is_row_major(const Extents& extents, const Strides& strides) noexcept {
  std::uint64_t expected = 1;
  for (std::size_t i = extents.rank(); i-- > 0;) {
    if (extents[i] != 1 && strides[i] != expected) return false;
    expected *= extents[i];
  }
  return true;
}

std::uint64_t span_of(const Extents& extents, const Strides& strides) noexcept {
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < extents.rank(); ++i) last += (extents[i] - 1) * strides[i];
  return last + 1;
}

std::uint64_t byte_length(const Extents& extents, DType dtype) {
  const DTypeInfo& row = info(dtype);
  if (extents.inner() % row.block_elements != 0) {
    throw DTypeError(concat("shape ", to_string(extents), " of ", row.name, ": the inner size ",
                            extents.inner(), " is not a multiple of its block of ",
                            row.block_elements));
  }
  const auto bytes = checked_multiply(extents.count() / row.block_elements, row.block_bytes);
  if (!bytes || *bytes > kMostElements) {
    throw ShapeError(concat("shape ", to_string(extents), " of ", row.name, " has more than ",
                            kMostElements, " bytes"));
  }
  return *bytes;
}

}  // namespace foundry
