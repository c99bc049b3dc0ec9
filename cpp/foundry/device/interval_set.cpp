#include "foundry/device/interval_set.hpp"

#include <algorithm>

namespace foundry {

void IntervalSet::add(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  if (intervals_.empty() || intervals_.back().end < begin) {
    intervals_.push_back({begin, end});
    return;
  }
  // The intervals that meet or touch [begin, end) are contiguous: from the first that ends at or
  // after `begin` to the last that begins at or before `end`.
  const auto first =
      std::lower_bound(intervals_.begin(), intervals_.end(), begin,
                       [](const Interval& i, std::uint64_t point) { return i.end < point; });
  auto last = first;
  while (last != intervals_.end() && last->begin <= end) ++last;
  if (first == last) {
    intervals_.insert(first, {begin, end});
    return;
  }
  first->begin = std::min(first->begin, begin);
  first->end = std::max(std::prev(last)->end, end);
  intervals_.erase(std::next(first), last);
}

bool IntervalSet::finds(std::uint64_t begin, std::uint64_t end) const noexcept {
  if (begin >= end) return false;
  const auto first =
      std::lower_bound(intervals_.begin(), intervals_.end(), begin,
                       [](const Interval& i, std::uint64_t point) { return i.end <= point; });
  return first != intervals_.end() && first->begin < end;
}

}  // namespace foundry
