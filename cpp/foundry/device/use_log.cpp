#include "foundry/device/use_log.hpp"

#include <algorithm>
#include <span>

namespace foundry::detail {

void UseLog::make_room(std::size_t uses) {
  constexpr std::size_t kFirst = 128;
  if (uses_.capacity() - uses_.size() >= uses) return;
  uses_.reserve(std::max({kFirst, 2 * uses_.capacity(), uses_.size() + uses}));
}

void UseLog::note(std::uint64_t begin, std::uint64_t end, Access access,
                  const Keepable* keep) noexcept {
  uses_.push_back({begin, end, keep, nullptr, access, begins_});
  begins_ = false;
}

void UseLog::note(const UseLog& replayed) noexcept {
  uses_.push_back({0, 0, nullptr, &replayed, Access::read, true});
}

void UseLog::fail(const Failure& failure) const noexcept {
  for (const Use& use : uses_) {
    if (use.replayed) {
      use.replayed->fail(failure);
    } else if (writes(use.access) && matters(use)) {
      FailedRanges::all().add(use.begin, use.end, failure);
    }
  }
}

void UseLog::settle() const noexcept {
  FailedRanges& failed = FailedRanges::all();
  for (auto first = uses_.begin(); first != uses_.end();) {
    if (first->replayed) {
      (first++)->replayed->settle();
      continue;
    }
    const auto last =
        std::find_if(std::next(first), uses_.end(), [](const Use& use) { return use.begins; });
    const std::span command(first, last);
    first = last;
    Failure failure;
    for (const Use& use : command) {
      if (reads(use.access) && !failure) failure = failed.find(use.begin, use.end);
    }
    for (const Use& use : command) {
      if (failure && writes(use.access) && matters(use)) {
        failed.add(use.begin, use.end, failure);
      } else if (!failure && covers(use.access)) {
        failed.remove(use.begin, use.end);
      }
    }
  }
}

}  // namespace foundry::detail
