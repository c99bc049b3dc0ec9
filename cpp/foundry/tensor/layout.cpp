// Views: new extents, strides and offset over the same elements.
#include <array>
#include <bitset>

#include "foundry/core/error.hpp"
#include "foundry/tensor/extents.hpp"

namespace foundry {

namespace {

/// Extents and strides under construction; the extents are those of a valid shape.
struct Builder {
  std::array<std::uint64_t, kMaxRank> extents{};
  std::size_t rank = 0;
  Strides strides;

  void add(std::uint64_t extent, std::uint64_t stride) {
    extents[rank++] = extent;
    strides.push_back(stride);
  }
  Layout build(std::uint64_t offset) const {
    return {Extents(std::span<const std::uint64_t>(extents.data(), rank)), strides, offset};
  }
};

std::string strides_text(const Strides& strides) {
  return to_string(Dimensions(strides));
}

}  // namespace

Layout reshaped(const Layout& layout, const Extents& extents) {
  const Extents& old = layout.extents;
  if (old.count() != extents.count()) {
    throw ShapeError(concat("reshape: ", to_string(old), " has ", old.count(), " elements, ",
                            to_string(extents), " has ", extents.count()));
  }
  if (is_row_major(old, layout.strides)) return {extents, row_major(extents), layout.offset};

  // Groups of old and new dimensions with equal products, from the outside in; the old ones of a
  // group must merge into one run of equal steps. As numpy's reshape without a copy does it.
  Builder from;
  for (std::size_t i = 0; i < old.rank(); ++i) {
    if (old[i] != 1) from.add(old[i], layout.strides[i]);
  }
  std::array<std::uint64_t, kMaxRank> steps{};
  std::size_t old_begin = 0, new_begin = 0;
  while (old_begin < from.rank) {
    std::size_t old_end = old_begin + 1, new_end = new_begin + 1;
    std::uint64_t old_product = from.extents[old_begin], new_product = extents[new_begin];
    while (old_product != new_product) {
      if (old_product < new_product) {
        old_product *= from.extents[old_end++];
      } else {
        new_product *= extents[new_end++];
      }
    }
    for (std::size_t i = old_begin; i + 1 < old_end; ++i) {
      if (from.strides[i] == from.extents[i + 1] * from.strides[i + 1]) continue;
      throw ShapeError(concat("reshape: ", to_string(old), " with strides ",
                              strides_text(layout.strides), " cannot be seen as ",
                              to_string(extents), " without a copy"));
    }
    std::uint64_t step = from.strides[old_end - 1];
    for (std::size_t i = new_end; i-- > new_begin;) {
      steps[i] = step;
      step *= extents[i];
    }
    old_begin = old_end;
    new_begin = new_end;
  }
  // Dimensions that are left have one element; so has every one skipped above.
  Builder builder;
  for (std::size_t i = 0; i < extents.rank(); ++i) {
    builder.add(extents[i], i < new_begin ? steps[i] : 1);
  }
  return builder.build(layout.offset);
}

Layout sliced(const Layout& layout, std::int64_t axis, std::int64_t start, std::int64_t stop,
              std::int64_t step) {
  const std::size_t at = normalize_axis(axis, layout.extents.rank(), "slice");
  const auto extent = static_cast<std::int64_t>(layout.extents[at]);
  const std::int64_t first = start < 0 ? start + extent : start;
  const std::int64_t last = stop < 0 ? stop + extent : stop;
  if (step < 1 || first < 0 || last > extent || first >= last) {
    throw ShapeError(concat(
        "slice [", start, ":", stop, ":", step, "] of axis ", at, " of ", to_string(layout.extents),
        step < 1                                        ? ": the step must be at least 1"
        : first >= last && first >= 0 && last <= extent ? ": it is empty"
                                                        : ": it leaves the axis"));
  }
  Builder builder;
  for (std::size_t i = 0; i < layout.extents.rank(); ++i) {
    if (i != at) {
      builder.add(layout.extents[i], layout.strides[i]);
      continue;
    }
    const auto count = static_cast<std::uint64_t>((last - first - 1) / step + 1);
    // The stride of a dimension of one element is never used; it stays in range.
    builder.add(count, count == 1 ? layout.strides[i]
                                  : layout.strides[i] * static_cast<std::uint64_t>(step));
  }
  return builder.build(layout.offset + static_cast<std::uint64_t>(first) * layout.strides[at]);
}

Layout transposed(const Layout& layout, std::span<const std::int64_t> order) {
  const std::size_t rank = layout.extents.rank();
  std::bitset<kMaxRank> seen;
  Builder builder;
  if (order.size() == rank) {
    for (const std::int64_t axis : order) {
      const std::size_t at = normalize_axis(axis, rank, "transpose");
      seen.set(at);
      builder.add(layout.extents[at], layout.strides[at]);
    }
  }
  if (seen.count() != rank) {
    std::string text;
    for (const std::int64_t axis : order) text += (text.empty() ? "" : ", ") + std::to_string(axis);
    throw ShapeError(concat("transpose: (", text, ") is no order of the ", rank, " dimensions of ",
                            to_string(layout.extents)));
  }
  return builder.build(layout.offset);
}

Layout squeezed(const Layout& layout, std::optional<std::int64_t> axis) {
  std::optional<std::size_t> only;
  if (axis) {
    only = normalize_axis(*axis, layout.extents.rank(), "squeeze");
    if (layout.extents[*only] != 1) {
      throw ShapeError(concat("squeeze: axis ", *axis, " of ", to_string(layout.extents), " is ",
                              layout.extents[*only], ", not 1"));
    }
  }
  Builder builder;
  for (std::size_t i = 0; i < layout.extents.rank(); ++i) {
    const bool is_dropped = only ? i == *only : layout.extents[i] == 1;
    if (!is_dropped) builder.add(layout.extents[i], layout.strides[i]);
  }
  return builder.build(layout.offset);
}

Layout unsqueezed(const Layout& layout, std::int64_t axis) {
  const std::size_t rank = layout.extents.rank();
  if (rank == kMaxRank) {
    throw ShapeError(
        concat("unsqueeze: ", to_string(layout.extents), " has the most dimensions, ", kMaxRank));
  }
  const std::size_t at = normalize_axis(axis, rank + 1, "unsqueeze");
  Builder builder;
  for (std::size_t i = 0; i <= rank; ++i) {
    if (i == at) builder.add(1, i < rank ? layout.strides[i] * layout.extents[i] : 1);
    if (i < rank) builder.add(layout.extents[i], layout.strides[i]);
  }
  return builder.build(layout.offset);
}

Layout broadcast(const Layout& layout, const Extents& extents) {
  const std::size_t rank = layout.extents.rank();
  const auto fail = [&] {
    throw ShapeError(concat("broadcast: ", to_string(layout.extents), " does not repeat to ",
                            to_string(extents)));
  };
  if (extents.rank() < rank) fail();
  const std::size_t missing = extents.rank() - rank;
  Strides strides;
  for (std::size_t i = 0; i < extents.rank(); ++i) {
    const std::uint64_t from = i < missing ? 1 : layout.extents[i - missing];
    if (from != extents[i] && from != 1) fail();
    strides.push_back(from == extents[i] && i >= missing ? layout.strides[i - missing] : 0);
  }
  return {extents, strides, layout.offset};
}

}  // namespace foundry
