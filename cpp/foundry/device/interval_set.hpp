// IntervalSet: byte ranges on a line, merged; the arithmetic behind hazards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace foundry {

/// A set of half-open intervals. Touching ones merge. Empty intervals change and meet nothing.
class IntervalSet {
 public:
  struct Interval {
    std::uint64_t begin, end;
  };
  void add(std::uint64_t begin, std::uint64_t end);
  [[nodiscard]] bool overlaps(std::uint64_t begin, std::uint64_t end) const noexcept {
    return !intervals_.empty() && begin < intervals_.back().end && intervals_.front().begin < end &&
           finds(begin, end);
  }
  void clear() noexcept { intervals_.clear(); }
  void reserve(std::size_t intervals) { intervals_.reserve(intervals); }
  [[nodiscard]] bool empty() const noexcept { return intervals_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return intervals_.size(); }
  // In order.
  [[nodiscard]] auto begin() const noexcept { return intervals_.begin(); }
  [[nodiscard]] auto end() const noexcept { return intervals_.end(); }

 private:
  [[nodiscard]] bool finds(std::uint64_t begin, std::uint64_t end) const noexcept;

  std::vector<Interval> intervals_;  // sorted, disjoint, not touching
};

/// Reads and writes since the last point of order. conflicts() is read-after-write,
/// write-after-read and write-after-write.
class HazardTracker {
 public:
  [[nodiscard]] bool conflicts(std::uint64_t begin, std::uint64_t end, bool is_read,
                               bool is_write) const noexcept {
    return ((is_read || is_write) && writes_.overlaps(begin, end)) ||
           (is_write && reads_.overlaps(begin, end));
  }
  void record(std::uint64_t begin, std::uint64_t end, bool is_read, bool is_write) {
    if (is_read) reads_.add(begin, end);
    if (is_write) writes_.add(begin, end);
  }
  [[nodiscard]] bool has_write(std::uint64_t begin, std::uint64_t end) const noexcept {
    return writes_.overlaps(begin, end);
  }
  [[nodiscard]] bool empty() const noexcept { return reads_.empty() && writes_.empty(); }
  [[nodiscard]] const IntervalSet& reads() const noexcept { return reads_; }
  [[nodiscard]] const IntervalSet& writes() const noexcept { return writes_; }
  void clear() noexcept {
    reads_.clear();
    writes_.clear();
  }
  /// Room for so many intervals of either.
  void reserve(std::size_t intervals) {
    reads_.reserve(intervals);
    writes_.reserve(intervals);
  }

 private:
  IntervalSet reads_;
  IntervalSet writes_;
};

}  // namespace foundry
