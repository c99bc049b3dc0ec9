// Uses: the bytes that a command touches; what hazards, waits and failures go by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "foundry/core/keep_alive.hpp"
#include "foundry/device/binding.hpp"
#include "foundry/device/interval_set.hpp"
#include "foundry/device/limits.hpp"
#include "foundry/unsafe/stack_vector.hpp"

namespace foundry::detail {

struct Use {
  std::uint64_t begin, end;  // hazard addresses
  const Keepable* keep;      // whose bytes they are; null if nobody says
  Access access;
};

/// Of one command. What nothing may write needs no order and is left out.
class Uses : public unsafe::StackVector<Use, kMaxArgumentIndices> {
 public:
  explicit Uses(std::span<const Binding> bindings) noexcept {
    for (const Binding& binding : bindings) {
      if (binding.kind != Binding::Kind::buffer || binding.range.buffer->is_read_only()) continue;
      const std::uint64_t begin = binding.range.buffer->hazard_address() + binding.range.offset;
      push_back({begin, begin + binding.range.length, binding.keep, binding.access});
    }
  }
};

/// Whether the command must wait for those that the tracker knows of.
[[nodiscard]] inline bool conflicts(const HazardTracker& tracker, const Uses& uses) noexcept {
  return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
    return tracker.conflicts(use.begin, use.end, reads(use.access), writes(use.access));
  });
}
inline void record(HazardTracker& tracker, const Uses& uses) {
  for (const Use& use : uses) {
    tracker.record(use.begin, use.end, reads(use.access), writes(use.access));
  }
}

}  // namespace foundry::detail
