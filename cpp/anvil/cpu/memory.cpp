#include "anvil/cpu/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

namespace anvil::cpu {
namespace {

// Small buffers share pages: a mapping each would soon meet the kernel's limit on mappings.
constexpr size_t kMapFrom = 64 << 10;
constexpr size_t kSmallAlignment = 256;
// Cheap to clear, and what a simdgroup of float4s or two reaches too far.
constexpr size_t kSmallSlack = 1 << 10;
// Guarded mappings never join their neighbours, and the system's limit on mappings (65530) is one
// for the whole process.
constexpr size_t kMostGuarded = 8 << 10;

std::atomic<size_t> allocated = 0;
std::atomic<size_t> guarded = 0;

std::byte* allocate_small(size_t size) {
  const size_t bytes = size + std::min(kSmallSlack, GuardedMemory::slack());
  const size_t rounded =
      (std::max<size_t>(bytes, 1) + kSmallAlignment - 1) / kSmallAlignment * kSmallAlignment;
  void* memory = std::aligned_alloc(kSmallAlignment, rounded);
  return static_cast<std::byte*>(memory ? std::memset(memory, 0, rounded) : nullptr);
}

}  // namespace

HostMemory::HostMemory(size_t size) {
  if (size < kMapFrom) {
    data_ = allocate_small(size);
  } else {
    if (guarded.load(std::memory_order_relaxed) < kMostGuarded) mapping_ = GuardedMemory(size);
    guarded_ = mapping_.data() != nullptr;
    if (guarded_)
      guarded.fetch_add(1, std::memory_order_relaxed);
    else
      mapping_ = GuardedMemory(size, GuardedMemory::Guards::no);
    data_ = mapping_.data();
  }
  if (!data_) return;
  size_ = size;
  allocated.fetch_add(size_, std::memory_order_relaxed);
}

HostMemory::~HostMemory() {
  if (!data_) return;
  allocated.fetch_sub(size_, std::memory_order_relaxed);
  if (guarded_) guarded.fetch_sub(1, std::memory_order_relaxed);
  if (!mapping_.data()) std::free(data_);
}

size_t HostMemory::total() {
  return allocated.load(std::memory_order_relaxed);
}

}  // namespace anvil::cpu
