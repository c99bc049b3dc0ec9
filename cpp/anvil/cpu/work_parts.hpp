// work_parts.hpp: divides numbered work among threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace anvil::cpu {

// Destructive interference reaches over pairs of 64-byte lines (adjacent-line prefetch).
inline constexpr size_t kLineBytes = 128;

/// The numbers from 0 to a count, a run of them for each thread: neighbours stay on one thread,
/// which reads on where it stopped and finds in its caches what it had the last time. A thread
/// takes from the front of its own run, a share of what is left at a time, and then from the end of
/// others'.
class WorkParts {
 public:
  struct Range {
    uint32_t first = 0;
    uint32_t count = 0;  ///< 0: nothing is left
  };

  explicit WorkParts(size_t threads) : parts_(threads) {}

  /// Once everything claimed before is done. What was written before it is seen by whoever claims.
  void divide(uint32_t count);

  /// A late claim for a division that is over is as good: it is then on the new one.
  Range claim(size_t thread);

 private:
  struct alignas(kLineBytes) Part {
    std::atomic<uint64_t> range{0};  // the first number that is left, and above it the end
  };

  enum class Side { front, back };
  /// A `share`th of what is left, one at least.
  static Range take(Part& part, Side side, uint32_t share);

  std::vector<Part> parts_;
  alignas(kLineBytes) std::atomic<size_t> used_{0};  // parts that had anything
};

}  // namespace anvil::cpu
