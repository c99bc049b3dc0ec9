// WatchedPages: host reads of a mapped file whose pages are gone become zeros that are told of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace foundry::unsafe {

/// Who touches a page of a mapping that the file no longer has gets a SIGBUS. Of a watched mapping,
/// zero pages take the place of those past the file's end, the access goes on, and losses() says
/// so. The handler is installed by the first object, and hands on whatever is not its own: costs
/// nothing where nothing is lost.
class WatchedPages {
 public:
  /// `pages` are a whole mapping of `descriptor` from its start, private to this process, and stay
  /// mapped, and the file open, as long as the object lives.
  WatchedPages(std::span<std::byte> pages, int descriptor);
  ~WatchedPages();
  WatchedPages(const WatchedPages&) = delete;
  WatchedPages& operator=(const WatchedPages&) = delete;

  /// How often zero pages took the place of the file's.
  [[nodiscard]] std::uint64_t losses() const noexcept;
  /// Maps the file again, at the same place. False, and nothing has changed, if the system refuses.
  [[nodiscard]] bool restore() noexcept;

  struct Range;

 private:
  Range& range_;
};

/// How the host maps a file: what nobody may write still can be, so that a write by who ignores
/// that changes neither the file nor what kernels read, and does not end the process.
[[nodiscard]] void* map_for_host(void* at, std::size_t length, int descriptor) noexcept;

}  // namespace foundry::unsafe
