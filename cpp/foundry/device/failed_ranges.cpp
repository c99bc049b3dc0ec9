#include "foundry/device/failed_ranges.hpp"

#include <algorithm>
#include <new>

#include "foundry/core/error.hpp"

namespace foundry {

namespace detail {

namespace {
constexpr std::size_t kRoom = 64;  // ranges that take no memory to note
}

FailedRanges& FailedRanges::all() {
  // Never destroyed: completion handlers may run while the process exits.
  static auto* const ranges = new FailedRanges;
  return *ranges;
}

FailedRanges::FailedRanges()
    : without_words_(std::make_shared<const std::string>(
          "a command buffer failed, and there was no memory to say how")) {
  ranges_.reserve(kRoom);
}

FailedRanges::Position FailedRanges::first_past_locked(std::uint64_t begin) noexcept {
  return std::lower_bound(ranges_.begin(), ranges_.end(), begin,
                          [](const Range& range, std::uint64_t at) { return range.end <= at; });
}

/// Returns where a range that begins at `begin` belongs.
FailedRanges::Position FailedRanges::remove_locked(std::uint64_t begin,
                                                   std::uint64_t end) noexcept {
  Position at = first_past_locked(begin);
  if (at != ranges_.end() && at->begin < begin && at->end > end) {
    try {
      const Range rest{end, at->end, at->failure};
      at = std::prev(ranges_.insert(std::next(at), rest));
      at->end = begin;
    } catch (const std::bad_alloc&) {
      return std::next(at);  // it stays whole, as a failure
    }
    return std::next(at);
  }
  if (at != ranges_.end() && at->begin < begin) {
    at->end = begin;
    ++at;
  }
  Position last = at;
  while (last != ranges_.end() && last->end <= end) ++last;
  if (last != ranges_.end() && last->begin < end) last->begin = end;
  return ranges_.erase(at, last);
}

void FailedRanges::remove(std::uint64_t begin, std::uint64_t end) noexcept {
  if (none() || begin >= end) return;
  const std::lock_guard lock(mutex_);
  remove_locked(begin, end);
  size_.store(ranges_.size(), std::memory_order_relaxed);
}

void FailedRanges::add(std::uint64_t begin, std::uint64_t end, const Failure& failure) noexcept {
  if (begin >= end) return;
  const std::lock_guard lock(mutex_);
  const Position at = remove_locked(begin, end);
  const bool follows =
      at != ranges_.begin() && std::prev(at)->end >= begin && std::prev(at)->failure == failure;
  if (follows) {
    std::prev(at)->end = std::max(std::prev(at)->end, end);
  } else {
    try {
      ranges_.insert(at, {begin, end, failure});
    } catch (const std::bad_alloc&) {
      // The neighbour grows over the gap; there is one, for kRoom ranges took no memory.
      if (at != ranges_.begin()) {
        std::prev(at)->end = std::max(std::prev(at)->end, end);
      } else {
        at->begin = begin;
      }
    }
  }
  size_.store(ranges_.size(), std::memory_order_relaxed);
}

Failure FailedRanges::find(std::uint64_t begin, std::uint64_t end) const noexcept {
  if (none() || begin >= end) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found =
      std::lower_bound(ranges_.begin(), ranges_.end(), begin,
                       [](const Range& range, std::uint64_t at) { return range.end <= at; });
  return found != ranges_.end() && found->begin < end ? found->failure : nullptr;
}

void forget_failures_of(BufferRange range) noexcept {
  if (!range.buffer) return;
  const std::uint64_t begin = range.buffer->hazard_address() + range.offset;
  FailedRanges::all().remove(begin, begin + range.length);
}

void throw_failure_of(BufferRange range) {
  if (!range.buffer) return;
  const std::uint64_t begin = range.buffer->hazard_address() + range.offset;
  if (const auto failure = FailedRanges::all().find(begin, begin + range.length)) {
    throw DeviceError(concat(*failure,
                             "; the bytes that it was to write fail every read until "
                             "they are written again"));
  }
}

}  // namespace detail

}  // namespace foundry
