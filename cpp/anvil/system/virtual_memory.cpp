// mach's vm_allocate(): pages, and slack behind them. Metal programs make buffers of such pages,
// and kernels read a little past those; on a Mac no guard of another thread's stack lies there.
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <new>
#include <set>

#include "anvil/system/forks.hpp"
#include "anvil/system/memory.hpp"

namespace anvil {
namespace {

// As mach/mach.h has them.
constexpr int kSuccess = 0, kNoSpace = 3;

/// Where regions end, and their slack begins, which nobody else unmaps. Never destroyed: guarded by
/// mutex_over_forks().
std::set<uintptr_t>& ends() {
  static auto* const all = new std::set<uintptr_t>;
  return *all;
}

int allocate(uintptr_t* address, size_t size) {
  const size_t bytes = round_up(size, page_size());
  if (bytes < size || bytes + kSlack < bytes) return kNoSpace;
  void* const pages =
      mmap(nullptr, bytes + kSlack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return kNoSpace;
  const auto begin = reinterpret_cast<uintptr_t>(pages);
  try {
    const std::lock_guard lock(mutex_over_forks());
    ends().insert(begin + bytes);
  } catch (const std::bad_alloc&) {
    munmap(pages, bytes + kSlack);
    return kNoSpace;
  }
  *address = begin;
  return kSuccess;
}

/// With a region's last page its slack goes; what is left in front of that has none.
int deallocate(uintptr_t address, size_t size) {
  size_t bytes = round_up(size, page_size());
  const std::lock_guard lock(mutex_over_forks());
  const auto first = ends().upper_bound(address), last = ends().upper_bound(address + bytes);
  if (first != last) bytes = std::max(bytes, *std::prev(last) + kSlack - address);
  ends().erase(first, last);
  return munmap(reinterpret_cast<void*>(address), bytes) == 0 ? kSuccess : kNoSpace;
}

}  // namespace

extern "C" {
__attribute__((visibility("default"))) int anvil_vm_allocate(unsigned, uintptr_t* address,
                                                             size_t size, int) {
  return allocate(address, size);
}
__attribute__((visibility("default"))) int anvil_vm_deallocate(unsigned, uintptr_t address,
                                                               size_t size) {
  return deallocate(address, size);
}
}

}  // namespace anvil
