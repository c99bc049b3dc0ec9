// Counts every C++ allocation of this program, so that a test can say there were none.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "kernels.hpp"

namespace {
std::atomic<size_t> allocations{0};

void* allocate(size_t bytes, size_t alignment) {
  ++allocations;
  if (void* memory = std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment))
    return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(size_t bytes) {
  return allocate(bytes, alignof(std::max_align_t));
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}

using namespace anvil;
using namespace anvil::cpu;
using namespace anvil::test;

TEST_CASE("a dispatch allocates nothing once the workers have seen its like") {
  Executor executor(3);
  std::vector<uint32_t> values(256 * 64, 1), out(64);
  const auto kernel = load("sum", true, 128);
  Dispatch dispatch = over_threads(*kernel, {256 * 64, 1, 1}, {256, 1, 1});
  dispatch.buffers[0] = values.data();
  dispatch.buffers[1] = out.data();
  // Until each worker has had its turn: which do is up to the scheduler.
  for (int i = 0; i < 2000; ++i) executor.run(dispatch);
  const size_t before = allocations;
  for (int i = 0; i < 200; ++i) executor.run(dispatch);
  CHECK(allocations - before <= 8 * 3);  // a late worker's 8 fibers; none for those that were there
  Executor alone(1);
  alone.run(dispatch);
  const size_t settled = allocations;
  for (int i = 0; i < 200; ++i) alone.run(dispatch);
  CHECK(allocations == settled);
}
