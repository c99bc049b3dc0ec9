// UseLog: what commands read and write, in their order; along it failures spread and are mended.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "foundry/device/failed_ranges.hpp"
#include "foundry/device/uses.hpp"

namespace foundry::detail {

/// Not thread-safe. What it refers to must outlive it.
class UseLog {
 public:
  void reserve(std::size_t commands, std::size_t uses) {
    commands_.reserve(commands);
    uses_.reserve(uses);
  }
  /// Room for a command of so many uses, so that noting it cannot fail.
  void make_room(std::size_t uses);
  /// One command.
  void note(std::span<const Use> uses) noexcept;
  /// All the commands of another log.
  void note(const UseLog& replayed) noexcept;

  /// None of the commands ran, or some did: whatever they write is failed.
  void fail(const Failure& failure) const noexcept;
  /// They ran in order: one that read failed bytes has written nothing better, another's writes are
  /// whole.
  void settle() const noexcept;

 private:
  struct Command {
    std::size_t end;         // of its uses, which begin where those of the command before end
    const UseLog* replayed;  // null, or what stands here
  };
  /// Calls `command(uses)` and `replay(log)`, in order.
  template <class EachCommand, class EachReplay>
  void for_each(const EachCommand& command, const EachReplay& replay) const;

  std::vector<Command> commands_;
  std::vector<Use> uses_;
};

}  // namespace foundry::detail
