// Counts every C++ allocation of this program: a replay allocates per command buffer, not per
// dispatch.
#include <foundry/foundry.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

namespace {
thread_local std::size_t allocations = 0;  // of the encoding thread, not of the device's

void* allocate(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  if (void* memory = std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment)) {
    return memory;
  }
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t bytes) {
  return allocate(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

using namespace foundry;

namespace {

struct Add {
  InOut<f32> x;
  In<f32> y;
  Scalar<float> a;

  static constexpr auto source = msl("if (gid == 0) x[0] += a * y[0];");
  DispatchConfig dispatch_config() const { return per_element(32); }
};
FOUNDRY_KERNEL(Add, x, y, a);

/// Allocations of one replay in a command buffer of its own, once memory has settled.
std::size_t allocations_of_a_replay(Foundry& foundry, std::size_t dispatches) {
  auto x = foundry.alloc<f32>({64});
  auto y = foundry.alloc<f32>({64});
  Program program = foundry.record([&] {
    for (std::size_t i = 0; i < dispatches; ++i) {
      foundry.run(i % 2 ? Add{x, y, Parameter("a")} : Add{y, x, Parameter("a")});
    }
  });
  std::size_t count = 0;
  for (int i = 0; i < 20; ++i) {
    const std::size_t before = allocations;
    program.replay({{"a", i}});
    foundry.flush();
    count = allocations - before;
    foundry.synchronize();
  }
  return count;
}

}  // namespace

TEST_CASE("a replay's allocations do not grow with its dispatches") {
  Foundry foundry;
  const std::size_t few = allocations_of_a_replay(foundry, 100);
  const std::size_t many = allocations_of_a_replay(foundry, 1600);
  INFO(few, " allocations for 100 dispatches, ", many, " for 1600");
  CHECK(many <= few);
  // The command buffer, its encoder, its handler and its records.
  CHECK(few <= 40);
}
