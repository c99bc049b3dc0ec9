#include "anvil/cpu/guarded_cells.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

#include "anvil/cpu/guarded_memory.hpp"
#include "anvil/system/memory.hpp"

namespace anvil::cpu::guarded_cells {
namespace {

constexpr size_t kAlignment = 256;
// Of the slack: what a simdgroup of float4s or two reaches too far.
constexpr size_t kCleared = 1 << 10;
// Each is two mappings of the system's, of which a process has 65530, and GuardedMemory its share.
constexpr size_t kMostCells = 8 << 10;
// As many are mapped at once.
constexpr size_t kTogether = 16;
// Bytes of cells that wait with their pages; those of more are given back to the system.
constexpr size_t kMostKept = 16 << 20;

// Sizes are pages times powers of two.
size_t kind_of(size_t size) {
  return static_cast<size_t>(std::bit_width((size - 1) / page_size()));
}
size_t bytes_of(size_t kind) {
  return page_size() << kind;
}

/// From a cell's begin to its memory.
size_t offset_of(size_t size) {
  return GuardedMemory::slack() ? 0 : bytes_of(kind_of(size)) - round_up(size, kAlignment);
}

class Cells {
 public:
  std::byte* take(size_t kind) {
    std::lock_guard lock(mutex_);
    if (Free& kept = kept_[kind]; !kept.empty()) {
      kept_bytes_ -= bytes_of(kind);
      return last_of(kept);
    }
    if (empty_[kind].empty() && !map(kind)) return nullptr;
    return last_of(empty_[kind]);
  }

  void put(std::byte* cell, size_t kind) {
    std::lock_guard lock(mutex_);
    if (kept_bytes_ + bytes_of(kind) <= kMostKept) {
      kept_bytes_ += bytes_of(kind);
      kept_[kind].push_back(cell);
    } else {
      madvise(cell, bytes_of(kind) + GuardedMemory::slack(), MADV_DONTNEED);
      empty_[kind].push_back(cell);
    }
  }

 private:
  using Free = std::vector<std::byte*>;

  static std::byte* last_of(Free& free) {
    std::byte* cell = free.back();
    free.pop_back();
    return cell;
  }

  /// More cells of a kind. False if there are none to be had.
  bool map(size_t kind) {
    const size_t open = bytes_of(kind) + GuardedMemory::slack();
    const size_t step = open + GuardedMemory::kGuard;
    const size_t count = std::min(kTogether, kMostCells - made_);
    if (count == 0) return false;
    void* pages = mmap(nullptr, GuardedMemory::kGuard + count * step, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return false;
    for (Free* free : {&empty_[kind], &kept_[kind]}) free->reserve(made_ + count);  // for put()
    std::byte* cell = static_cast<std::byte*>(pages) + GuardedMemory::kGuard;
    for (size_t i = 0; i < count; ++i, cell += step) {
      if (mprotect(cell, open, PROT_READ | PROT_WRITE) != 0) break;
      empty_[kind].push_back(cell);
      ++made_;
    }
    return !empty_[kind].empty();
  }

  std::mutex mutex_;  // guards the rest
  std::array<Free, std::bit_width(kMostBytes)> empty_, kept_;
  size_t kept_bytes_ = 0;
  size_t made_ = 0;
};

/// Outlives every buffer.
Cells& cells() {
  static auto* const all = new Cells;
  return *all;
}

}  // namespace

std::byte* take(size_t size) {
  std::byte* cell = cells().take(kind_of(size));
  if (!cell) return nullptr;
  std::byte* memory = cell + offset_of(size);
  std::memset(memory, 0, round_up(size, kAlignment) + std::min(kCleared, GuardedMemory::slack()));
  return memory;
}

void put(std::byte* memory, size_t size) {
  cells().put(memory - offset_of(size), kind_of(size));
}

}  // namespace anvil::cpu::guarded_cells
