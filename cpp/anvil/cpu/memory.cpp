#include "anvil/cpu/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "anvil/cpu/guarded_cells.hpp"

namespace anvil::cpu {
namespace {

// Guarded mappings never join their neighbours, and the system's limit on mappings (65530) is one
// for the whole process.
constexpr size_t kMostGuarded = 8 << 10;

std::atomic<size_t> allocated = 0;
std::atomic<size_t> guarded = 0;

std::byte* allocate_small(size_t size) {
  constexpr size_t kAlignment = 256;
  // Cheap to clear, and what a simdgroup of float4s or two reaches too far.
  constexpr size_t kSlack = 1 << 10;
  const size_t bytes = size + std::min(kSlack, GuardedMemory::slack());
  const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, rounded);
  return static_cast<std::byte*>(memory ? std::memset(memory, 0, rounded) : nullptr);
}

}  // namespace

HostMemory::HostMemory(size_t size) {
  if (size < guarded_cells::kMostBytes) {
    place_ = Place::cell;
    data_ = guarded_cells::take(std::max<size_t>(size, 1));
    if (!data_) {
      place_ = Place::heap;
      data_ = allocate_small(std::max<size_t>(size, 1));
    }
  } else {
    place_ = Place::guarded;
    if (guarded.load(std::memory_order_relaxed) < kMostGuarded) mapping_ = GuardedMemory(size);
    if (mapping_.data()) {
      guarded.fetch_add(1, std::memory_order_relaxed);
    } else {
      place_ = Place::mapping;
      mapping_ = GuardedMemory(size, GuardedMemory::Guards::no);
    }
    data_ = mapping_.data();
  }
  if (!data_) return;
  size_ = size;
  allocated.fetch_add(size_, std::memory_order_relaxed);
}

HostMemory::~HostMemory() {
  if (!data_) return;
  allocated.fetch_sub(size_, std::memory_order_relaxed);
  switch (place_) {
    case Place::cell:
      guarded_cells::put(data_, std::max<size_t>(size_, 1));
      break;
    case Place::heap:
      std::free(data_);
      break;
    case Place::guarded:
      guarded.fetch_sub(1, std::memory_order_relaxed);
      break;
    case Place::mapping:
      break;
  }
}

size_t HostMemory::total() {
  return allocated.load(std::memory_order_relaxed);
}

}  // namespace anvil::cpu
