// FailingAllocation: makes one allocation of the C++ heap fail, the n-th that this thread asks for.
#pragma once

#include <cstdint>

namespace foundry::test {

/// While it lives, operator new on this thread throws std::bad_alloc once, after `n` successes.
class FailingAllocation {
 public:
  explicit FailingAllocation(std::int64_t n) noexcept;
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;
  /// Whether it did: else fewer than n allocations were made.
  bool has_failed() const noexcept;
};

}  // namespace foundry::test
