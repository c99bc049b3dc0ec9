#include "failing_allocations.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constexpr std::int64_t kNever = -1;
thread_local std::int64_t left = kNever;
thread_local bool failed = false;

bool fails_now() noexcept {
  if (left == kNever) return false;
  if (left-- > 0) return false;
  left = kNever;
  failed = true;
  return true;
}

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (fails_now()) return nullptr;
  if (size == 0) size = 1;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* pointer = allocate(size, alignment);
  if (!pointer) throw std::bad_alloc();
  return pointer;
}

}  // namespace

// Replacements of the whole program's, its shared libraries' included ([new.delete]).
void* operator new(std::size_t size) {
  return allocate_or_throw(size, 1);
}
void* operator new[](std::size_t size) {
  return allocate_or_throw(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, 1);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, 1);
}
void operator delete(void* pointer) noexcept {
  std::free(pointer);
}
void operator delete[](void* pointer) noexcept {
  std::free(pointer);
}
void operator delete(void* pointer, std::size_t) noexcept {
  std::free(pointer);
}
void operator delete[](void* pointer, std::size_t) noexcept {
  std::free(pointer);
}
void operator delete(void* pointer, std::align_val_t) noexcept {
  std::free(pointer);
}
void operator delete[](void* pointer, std::align_val_t) noexcept {
  std::free(pointer);
}
void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept {
  std::free(pointer);
}
void operator delete[](void* pointer, std::size_t, std::align_val_t) noexcept {
  std::free(pointer);
}

namespace foundry::test {

FailingAllocation::FailingAllocation(std::int64_t n) noexcept {
  failed = false;
  left = n;
}

FailingAllocation::~FailingAllocation() {
  left = kNever;
}

bool FailingAllocation::has_failed() const noexcept {
  return failed;
}

}  // namespace foundry::test
