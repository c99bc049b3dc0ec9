// UseLog: what commands read and write, in their order; along it failures spread and are mended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "foundry/core/keep_alive.hpp"
#include "foundry/device/failed_ranges.hpp"
#include "foundry/device/reflection.hpp"

namespace foundry::detail {

/// Not thread-safe. What it refers to must outlive it.
class UseLog {
 public:
  /// Room for a command of so many uses, so that noting them cannot fail.
  void make_room(std::size_t uses);
  /// The uses noted from here on are of one command.
  void begin_command() noexcept { begins_ = true; }
  /// `keep`: whose bytes they are; null if nobody says.
  void note(std::uint64_t begin, std::uint64_t end, Access access, const Keepable* keep) noexcept;
  /// All the commands of another log.
  void note(const UseLog& replayed) noexcept;

  /// None of the commands ran, or some did: whatever they write is failed.
  void fail(const Failure& failure) const noexcept;
  /// They ran in order: one that read failed bytes has written nothing better, another's writes are
  /// whole.
  void settle() const noexcept;

 private:
  struct Use {
    std::uint64_t begin, end;
    const Keepable* keep;
    const UseLog* replayed;  // null, or what stands here
    Access access;
    bool begins;  // a command
  };
  /// Bytes that a scope has left belong to nobody, or to somebody who has not written them yet.
  [[nodiscard]] static bool matters(const Use& use) noexcept {
    return !use.keep || use.keep->is_in_use();
  }
  std::vector<Use> uses_;
  bool begins_ = false;
};

}  // namespace foundry::detail
