#include "anvil/metal/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace anvil::metal {
namespace {

// Small buffers share pages: a mapping each would soon meet the kernel's limit on mappings.
constexpr size_t kMapFrom = 64 << 10;
constexpr size_t kSmallAlignment = 256;
// From here on transparent huge pages save more than they waste.
constexpr size_t kHugeFrom = 4 << 20;

std::atomic<size_t> allocated = 0;

}  // namespace

Memory::Memory(size_t size) {
  if (size < kMapFrom) {
    const size_t rounded =
        (std::max<size_t>(size, 1) + kSmallAlignment - 1) & ~(kSmallAlignment - 1);
    data_ = static_cast<std::byte*>(std::aligned_alloc(kSmallAlignment, rounded));
    if (data_) std::memset(data_, 0, rounded);
  } else {
    void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return;
    if (size >= kHugeFrom) madvise(pages, size, MADV_HUGEPAGE);
    data_ = static_cast<std::byte*>(pages);
  }
  if (!data_) return;
  size_ = size;
  allocated.fetch_add(size_, std::memory_order_relaxed);
}

Memory::~Memory() {
  if (!data_) return;
  allocated.fetch_sub(size_, std::memory_order_relaxed);
  if (size_ < kMapFrom)
    std::free(data_);
  else
    munmap(data_, size_);
}

size_t Memory::total() {
  return allocated.load(std::memory_order_relaxed);
}

size_t Memory::page_size() {
  static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t Memory::physical() {
  static const size_t bytes = [] {
    size_t limit = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * page_size();
    // cgroup v2, then v1; "max" or a missing file: no limit.
    for (const char* path :
         {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
      size_t group = 0;
      if (std::ifstream(path) >> group) limit = std::min(limit, group);
    }
    return limit;
  }();
  return bytes;
}

}  // namespace anvil::metal
