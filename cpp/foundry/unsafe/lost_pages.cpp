#include "foundry/unsafe/lost_pages.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <utility>

namespace foundry::unsafe {

/// Read by the handler, on any thread and at any time, so that it is never freed. It watches what
/// lies in [begin, end); free ranges have end 0.
struct WatchedPages::Range {
  std::atomic<std::uintptr_t> begin{0}, end{0};
  std::atomic<int> descriptor{-1};
  std::atomic<std::uint64_t> losses{0};
  Range* next = nullptr;
  bool is_taken = false;  // guarded by `mutex`
};

namespace {

constexpr int kProtection = PROT_READ | PROT_WRITE;
// Of pages that are written by nobody, the system needs to set none aside.
constexpr int kFlags = MAP_PRIVATE | MAP_NORESERVE;

std::mutex mutex;  // of installing, and of taking ranges
std::atomic<WatchedPages::Range*> ranges{nullptr};
std::uintptr_t page_size = 4096;
struct sigaction previous{};

std::uintptr_t whole_pages(std::uintptr_t bytes) {
  return (bytes + page_size - 1) & ~(page_size - 1);
}

/// Bytes of the file in whole pages; those of the mapping if it cannot be asked. fstat() may be
/// called in a handler.
std::uintptr_t file_pages(const WatchedPages::Range& range) {
  struct stat status{};
  if (::fstat(range.descriptor, &status) != 0) return range.end - range.begin;
  return whole_pages(static_cast<std::uintptr_t>(status.st_size));
}

bool replace_lost(std::uintptr_t address) {
  for (auto* range = ranges.load(std::memory_order_acquire); range; range = range->next) {
    const std::uintptr_t begin = range->begin, end = whole_pages(range->end);
    if (address < begin || address >= end) continue;
    // All that is gone at once: one mapping, however much is read. A page within the file could
    // not be read from the disk, or the file has grown again: that page alone.
    std::uintptr_t from = address & ~(page_size - 1), to = from + page_size;
    if (const auto left = begin + file_pages(*range); left <= from) {
      from = left;
      to = end;
    }
    // SAFETY: [from, to) lies within whole pages of the mapping that `range` watches.
    void* const pages = reinterpret_cast<void*>(from);
    if (::mmap(pages, to - from, kProtection, kFlags | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != pages) {
      return false;
    }
    ++range->losses;
    return true;
  }
  return false;
}

bool is_any_cut() {
  for (auto* range = ranges.load(std::memory_order_acquire); range; range = range->next) {
    const std::uintptr_t begin = range->begin, end = whole_pages(range->end);
    if (begin < end && file_pages(*range) < end - begin) return true;
  }
  return false;
}

/// As if this library had no handler.
void pass_on(int signal, siginfo_t* info, void* context) {
  const struct sigaction before = previous;
  const bool is_plain = !(before.sa_flags & SA_SIGINFO);
  if (is_plain && before.sa_handler == SIG_IGN && info->si_code <= 0) return;
  if (is_plain && (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN)) {
    // The fault comes again as the handler returns, and ends the process where it happened.
    struct sigaction fatal{};
    fatal.sa_handler = SIG_DFL;
    ::sigaction(signal, &fatal, nullptr);
    if (info->si_code <= 0) ::raise(signal);
    return;
  }
  if (before.sa_flags & SA_RESETHAND) previous = {};
  if (is_plain) {
    before.sa_handler(signal);
  } else {
    before.sa_sigaction(signal, info, context);
  }
}

void on_bus_error(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const bool is_ours =
      info->si_code == BUS_ADRERR && replace_lost(reinterpret_cast<std::uintptr_t>(info->si_addr));
  // A handler that was installed later and took the signal first (as faulthandler, which reports
  // it) raises it again: as that one returns, the access faults once more, to here.
#ifdef SI_TKILL
  const bool comes_again = info->si_code == SI_TKILL && info->si_pid == ::getpid() && is_any_cut();
#else
  const bool comes_again = info->si_code == SI_USER && info->si_pid == ::getpid() && is_any_cut();
#endif
  if (!is_ours && !comes_again) pass_on(signal, info, context);
  errno = error;
}

/// Again where somebody has put back what was there before. A handler that was installed later, and
/// passes on, would call itself through this one: it stays.
void install_locked() {
  static bool is_installed = false;
  struct sigaction now{};
  ::sigaction(SIGBUS, nullptr, &now);
  if (now.sa_sigaction == on_bus_error) return;
  const bool is_default = !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
  if (std::exchange(is_installed, true) && !is_default &&
      now.sa_sigaction != previous.sa_sigaction) {
    return;
  }
  page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  previous = now;
  struct sigaction ours = now;  // with the mask that the handler before asked for
  ours.sa_sigaction = on_bus_error;
  ours.sa_flags = (now.sa_flags | SA_SIGINFO | SA_ONSTACK) & ~static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGBUS, &ours, nullptr);
}

WatchedPages::Range& take_range() {
  const std::lock_guard lock(mutex);
  install_locked();
  WatchedPages::Range* range = ranges.load(std::memory_order_relaxed);
  while (range && range->is_taken) range = range->next;
  if (!range) {
    range = new WatchedPages::Range;
    range->next = ranges.load(std::memory_order_relaxed);
    ranges.store(range, std::memory_order_release);
  }
  range->is_taken = true;
  return *range;
}

}  // namespace

WatchedPages::WatchedPages(std::span<std::byte> pages, int descriptor) : range_(take_range()) {
  range_.descriptor = descriptor;
  range_.losses = 0;
  const auto begin = reinterpret_cast<std::uintptr_t>(pages.data());
  range_.begin = begin;
  range_.end = begin + pages.size();
}

WatchedPages::~WatchedPages() {
  range_.end = 0;
  range_.begin = 0;
  const std::lock_guard lock(mutex);
  range_.is_taken = false;
}

std::uint64_t WatchedPages::losses() const noexcept {
  return range_.losses;
}

bool WatchedPages::restore() noexcept {
  void* const pages = reinterpret_cast<void*>(range_.begin.load());
  return map_for_host(pages, range_.end - range_.begin, range_.descriptor) != MAP_FAILED;
}

void* map_for_host(void* at, std::size_t length, int descriptor) noexcept {
  return ::mmap(at, length, kProtection, kFlags | (at ? MAP_FIXED : 0), descriptor, 0);
}

}  // namespace foundry::unsafe
