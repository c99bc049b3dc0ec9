#include "anvil/cpu/memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "anvil/system/memory.hpp"

namespace anvil::cpu {
namespace {

// Small buffers share pages: a mapping each would soon meet the kernel's limit on mappings.
constexpr size_t kMapFrom = 64 << 10;
constexpr size_t kSmallAlignment = 256;
// From here on transparent huge pages save more than they waste.
constexpr size_t kHugeFrom = 4 << 20;
constexpr size_t kHugePage = 2 << 20;
// Guarded mappings never join their neighbours, and the system's limit on mappings (65530) is one
// for the whole process.
constexpr size_t kMostGuarded = 8 << 10;

std::atomic<size_t> allocated = 0;
std::atomic<size_t> guarded = 0;

constexpr size_t round_up(size_t size, size_t alignment) {
  return (size + alignment - 1) & ~(alignment - 1);
}

struct Mapping {
  std::byte* begin = nullptr;
  size_t bytes = 0;
  std::byte* data = nullptr;
};

Mapping map(size_t bytes, int protection) {
  void* pages = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return {};
  return {static_cast<std::byte*>(pages), bytes, static_cast<std::byte*>(pages)};
}

/// `size` bytes between two guards.
Mapping map_guarded(size_t size) {
  const bool huge = size >= kHugeFrom;
  Mapping mapping = map(
      round_up(size, page_size()) + HostMemory::kGuard + (huge ? kHugePage : HostMemory::kGuard),
      PROT_NONE);
  if (!mapping.begin) return {};
  // Huge pages begin at multiples of their size.
  const auto begin = reinterpret_cast<uintptr_t>(mapping.begin);
  mapping.data += huge ? round_up(begin + 1, kHugePage) - begin : HostMemory::kGuard;
  if (mprotect(mapping.data, size, PROT_READ | PROT_WRITE) == 0) return mapping;
  munmap(mapping.begin, mapping.bytes);
  return {};
}

}  // namespace

HostMemory::HostMemory(size_t size) {
  if (size < kMapFrom) {
    const size_t rounded = round_up(std::max<size_t>(size, 1), kSmallAlignment);
    data_ = static_cast<std::byte*>(std::aligned_alloc(kSmallAlignment, rounded));
    if (data_) std::memset(data_, 0, rounded);
  } else {
    Mapping mapping;
    if (guarded.load(std::memory_order_relaxed) < kMostGuarded) mapping = map_guarded(size);
    if (mapping.begin)
      guarded.fetch_add(1, std::memory_order_relaxed);
    else
      mapping = map(size, PROT_READ | PROT_WRITE);
    if (mapping.begin && size >= kHugeFrom) madvise(mapping.data, size, MADV_HUGEPAGE);
    data_ = mapping.data;
    mapping_ = mapping.begin;
    mapping_bytes_ = mapping.bytes;
  }
  if (!data_) return;
  size_ = size;
  allocated.fetch_add(size_, std::memory_order_relaxed);
}

HostMemory::~HostMemory() {
  if (!data_) return;
  allocated.fetch_sub(size_, std::memory_order_relaxed);
  if (!mapping_) {
    std::free(data_);
    return;
  }
  if (mapping_ != data_) guarded.fetch_sub(1, std::memory_order_relaxed);
  munmap(mapping_, mapping_bytes_);
}

size_t HostMemory::total() {
  return allocated.load(std::memory_order_relaxed);
}

}  // namespace anvil::cpu
