#include "foundry/device/use_log.hpp"

#include <algorithm>

namespace foundry::detail {

namespace {

/// Bytes that a scope has left belong to nobody, or to somebody who has not written them yet.
bool matters(const Use& use) noexcept {
  return !use.keep || use.keep->is_in_use();
}

template <class T>
void make_room_in(std::vector<T>& vector, std::size_t more) {
  if (vector.capacity() - vector.size() >= more) return;
  vector.reserve(std::max(2 * vector.capacity(), vector.size() + more));
}

void settle_command(std::span<const Use> uses) noexcept {
  FailedRanges& failed = FailedRanges::all();
  Failure failure;
  for (const Use& use : uses) {
    if (reads(use.access) && !failure) failure = failed.find(use.begin, use.end);
  }
  for (const Use& use : uses) {
    if (failure && writes(use.access) && matters(use)) {
      failed.add(use.begin, use.end, failure);
    } else if (!failure && covers(use.access)) {
      failed.remove(use.begin, use.end);
    }
  }
}

}  // namespace

void UseLog::make_room(std::size_t uses) {
  make_room_in(uses_, uses);
  make_room_in(commands_, 1);
}

void UseLog::note(std::span<const Use> uses) noexcept {
  uses_.insert(uses_.end(), uses.begin(), uses.end());
  commands_.push_back({uses_.size(), nullptr});
}

void UseLog::note(const UseLog& replayed) noexcept {
  commands_.push_back({uses_.size(), &replayed});
}

template <class EachCommand, class EachReplay>
void UseLog::for_each(const EachCommand& command, const EachReplay& replay) const {
  std::size_t begin = 0;
  for (const Command& entry : commands_) {
    if (entry.replayed) {
      replay(*entry.replayed);
    } else {
      command(std::span(uses_).subspan(begin, entry.end - begin));
    }
    begin = entry.end;
  }
}

void UseLog::fail(const Failure& failure) const noexcept {
  const auto fail_command = [&](std::span<const Use> uses) {
    for (const Use& use : uses) {
      if (writes(use.access) && matters(use)) FailedRanges::all().add(use.begin, use.end, failure);
    }
  };
  for_each(fail_command, [&](const UseLog& replayed) { replayed.fail(failure); });
}

void UseLog::settle() const noexcept {
  for_each(settle_command, [](const UseLog& replayed) { replayed.settle(); });
}

}  // namespace foundry::detail
