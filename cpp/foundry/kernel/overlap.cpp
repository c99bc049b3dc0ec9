#include "foundry/kernel/overlap.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

#include "foundry/core/error.hpp"

namespace foundry {
namespace {

/// A tensor's bytes, taken as runs of `length` bytes that begin at multiples of `step` from the
/// first one: an outer bound of where they can be. A step of 0: there is one run.
struct Runs {
  std::uint64_t length;
  std::uint64_t step;
};
using AllRuns = InlineVector<Runs, kMaxRank + 1>;

/// From the innermost dimension on, more and more of them as one run with its gaps.
AllRuns runs_of(const AnyTensor& tensor) {
  struct Axis {
    std::uint64_t step;
    std::uint64_t extent;
  };
  const DTypeInfo& type = info(tensor.dtype());
  std::array<Axis, kMaxRank> storage;
  std::size_t count = 0;
  for (std::size_t i = 0; i < tensor.rank(); ++i) {
    const std::uint64_t extent = tensor.extents()[i];
    const std::uint64_t stride = tensor.strides()[i];
    if (extent == 1 || stride == 0) continue;
    if (type.block_elements == 1) {
      storage.at(count++) = {stride * type.block_bytes, extent};
    } else if (stride == 1) {
      storage.at(count++) = {type.block_bytes, extent / type.block_elements};
    } else {
      storage.at(count++) = {stride / type.block_elements * type.block_bytes, extent};
    }
  }
  const std::span axes(storage.data(), count);
  std::sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.step < b.step; });
  AllRuns runs;
  std::uint64_t length = type.block_bytes;
  for (std::size_t i = 0; i <= axes.size(); ++i) {
    std::uint64_t step = 0;
    for (std::size_t outer = i; outer < axes.size(); ++outer) {
      step = std::gcd(step, axes[outer].step);
    }
    runs.push_back({length, step});
    if (i < axes.size()) length += (axes[i].extent - 1) * axes[i].step;
  }
  return runs;
}

std::uint64_t address_of(const AnyTensor& tensor) {
  return tensor.buffer().hazard_address() + tensor.byte_offset();
}

/// The same elements in the same order.
bool are_same_elements(const AnyTensor& a, const AnyTensor& b) {
  if (address_of(a) != address_of(b) || a.dtype() != b.dtype()) return false;
  if (a.is_contiguous() && b.is_contiguous()) return a.count() == b.count();
  return a.extents() == b.extents() && a.strides() == b.strides();
}

std::string words(const TensorPlace& place) {
  const std::uint64_t offset = place.tensor->byte_offset();
  return concat("'", place.argument->name, "' (", place.tensor->describe(), ", bytes ", offset,
                " to ", offset + place.tensor->byte_length() - 1, " of ",
                place.tensor->buffer().describe(), ")");
}

[[noreturn]] void fail(std::string_view kernel, const TensorPlace& written,
                       const TensorPlace& other) {
  throw ArgumentError(concat(kernel, ": ", words(written), ", which it writes, overlaps ",
                             words(other), "; ", written.argument->what_may_overlap()));
}

bool is_allowed(const TensorPlace& written, const TensorPlace& other) {
  return written.argument->may_be(*other.argument) &&
         are_same_elements(*written.tensor, *other.tensor);
}

}  // namespace

bool may_share_bytes(const AnyTensor& a, const AnyTensor& b) {
  const std::uint64_t first = address_of(a);
  const std::uint64_t second = address_of(b);
  if (first >= second + b.byte_length() || second >= first + a.byte_length()) return false;
  const AllRuns b_runs = runs_of(b);
  for (const Runs& x : runs_of(a)) {
    for (const Runs& y : b_runs) {
      const std::uint64_t step = std::gcd(x.step, y.step);
      if (step == 0) continue;  // the bounds, which overlap
      // Runs of `a` begin at 0 modulo `step`, those of `b` at `apart`.
      const std::uint64_t apart =
          second >= first ? (second - first) % step : (step - (first - second) % step) % step;
      if (apart >= x.length && step - apart >= y.length) return false;
    }
  }
  return true;
}

void check_overlaps(std::string_view kernel, std::span<const TensorPlace> places) {
  for (const TensorPlace& written : places) {
    if (!writes(written.argument->access)) continue;
    for (const TensorPlace& other : places) {
      if (written.begin >= other.end || other.begin >= written.end || &written == &other) continue;
      // Of two that are written either may name the other.
      if (is_allowed(written, other) ||
          (writes(other.argument->access) && is_allowed(other, written)) ||
          !may_share_bytes(*written.tensor, *other.tensor)) {
        continue;
      }
      fail(kernel, written, other);
    }
  }
}

}  // namespace foundry
