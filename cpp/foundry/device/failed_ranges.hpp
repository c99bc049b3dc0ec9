// FailedRanges: bytes that a failed command buffer was to write, until they are written again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foundry/device/binding.hpp"

namespace foundry {

namespace detail {

/// What a command buffer failed with: "command buffer 17 (axpy, softmax): ...".
using Failure = std::shared_ptr<const std::string>;

/// Of the whole process, by hazard address. Thread-safe. Without memory to note a range, a wider
/// one counts as failed: nothing that failed is ever taken for whole.
class FailedRanges {
 public:
  [[nodiscard]] static FailedRanges& all();

  /// Whether nothing has failed: one load.
  [[nodiscard]] static bool none() noexcept { return size_.load(std::memory_order_relaxed) == 0; }
  void add(std::uint64_t begin, std::uint64_t end, const Failure& failure) noexcept;
  /// The bytes are whole, or nobody's.
  void remove(std::uint64_t begin, std::uint64_t end) noexcept;
  /// Of the first byte of the range that has one; null if all are whole.
  Failure find(std::uint64_t begin, std::uint64_t end) const noexcept;
  /// A failure that takes no memory to report.
  const Failure& without_words() const noexcept { return without_words_; }

 private:
  FailedRanges();

  struct Range {
    std::uint64_t begin, end;
    Failure failure;
  };
  using Position = std::vector<Range>::iterator;
  Position first_past_locked(std::uint64_t begin) noexcept;
  Position remove_locked(std::uint64_t begin, std::uint64_t end) noexcept;

  mutable std::mutex mutex_;
  std::vector<Range> ranges_;                       // sorted, disjoint
  static inline std::atomic<std::size_t> size_{0};  // of the one there is
  const Failure without_words_;
};

// By value: where nothing failed, the range need not be in memory.
void forget_failures_of(BufferRange range) noexcept;
void throw_failure_of(BufferRange range);

}  // namespace detail

/// The range is somebody's anew, whose bytes nothing has failed to write.
inline void forget_failures(const BufferRange& range) noexcept {
  if (!detail::FailedRanges::none()) [[unlikely]]
    detail::forget_failures_of(range);
}
/// Throws the DeviceError of a command buffer that was to write bytes of the range and failed.
/// Every call does, on every thread, until they are written. Costs one load while nothing failed.
inline void throw_failure(const BufferRange& range) {
  if (!detail::FailedRanges::none()) [[unlikely]]
    detail::throw_failure_of(range);
}

}  // namespace foundry
