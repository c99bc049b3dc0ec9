// Out of memory at every allocation in turn, of the host's heap and of the device: the error is
// typed, nothing leaks, and the next call works.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <vector>

#include "failing_allocations.hpp"
#include "foundry/foundry.hpp"

using namespace foundry;
using foundry::test::FailingAllocation;

namespace {

struct Triple {
  In<f32> x;
  Out<f32> y;

  static constexpr auto source = msl("if (gid < y_size) y[gid] = 3.0f * x[gid];");
  DispatchConfig dispatch_config() const { return per_element(y.count()); }
};
FOUNDRY_KERNEL(Triple, x, y);

constexpr std::uint64_t kCount = 300;

std::vector<f32> counted() {
  std::vector<f32> values(kCount);
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

/// Runs `body` with the first, the second, ... allocation of the heap failing, until none is left
/// that it makes. `body` must do the same each time; `check` says that nothing was lost.
int fail_each_allocation(const std::function<void()>& body, const std::function<void()>& check) {
  body();  // what is made once and kept is made
  check();
  for (int n = 0;; ++n) {
    CAPTURE(n);
    bool has_failed = false;
    try {
      const FailingAllocation failing(n);
      try {
        body();
      } catch (...) {
        has_failed = failing.has_failed();
        throw;
      }
      has_failed = failing.has_failed();
      if (!has_failed) return n;
    } catch (const std::bad_alloc&) {
    } catch (const OutOfMemoryError&) {
    } catch (const std::exception& error) {
      FAIL("not the type of an error of memory: ", describe_error(error));
    }
    REQUIRE(has_failed);
    check();
    body();
    check();
  }
}

}  // namespace

TEST_CASE("an arena keeps its books whichever allocation fails") {
  const Device device = Device::system_default();
  const std::uint64_t before = device.allocated_bytes();
  const int allocations = fail_each_allocation(
      [&] {
        Arena arena(device, {"a", StorageMode::shared, 4096, 1 << 16});
        const ArenaScope scope(arena);
        Dimensions dimensions;
        dimensions.push_back(kCount);
        const std::string name = "a name that is too long to be stored in place";
        std::vector<Lease> leases;
        for (int i = 0; i < 4; ++i) {
          leases.push_back(arena.allocate(3000, Label{name, "f32", dimensions}));
        }
        const KeepAlive array = leases[0].held_by(Holder::array());
        const auto holders = arena.holders();  // outside of CHECK, which would take its exception
        CHECK(holders.size() == 5);
        CHECK(arena.statistics().leases == 4);
        leases.resize(1);
        arena.trim();
        CHECK(arena.statistics().leases == 1);
        CHECK(arena.statistics().reserved_bytes % 4096 == 0);
      },
      [&] { REQUIRE(device.allocated_bytes() == before); });
  CHECK(allocations > 20);
}

TEST_CASE("an arena that outlives the failure goes on where it was") {
  Arena arena(Device::system_default(), {"a", StorageMode::shared, 4096, 0});
  std::vector<Lease> leases;
  leases.reserve(4096);
  fail_each_allocation(
      [&] {
        const std::size_t held = leases.size();
        leases.push_back(arena.allocate(3000));
        REQUIRE(leases.size() == held + 1);
      },
      [&] {
        const ArenaStatistics statistics = arena.statistics();
        REQUIRE(statistics.leases == leases.size());
        REQUIRE(statistics.leased_bytes == 3000 * leases.size());
        REQUIRE(statistics.reserved_bytes == std::uint64_t{4096} * statistics.chunks);
      });
  leases.clear();
  arena.reset();
}

TEST_CASE("tensors, views and copies leak nothing whichever allocation fails") {
  Foundry foundry;
  foundry.make_arena("private", {.mode = StorageMode::private_, .chunk_bytes = 4096});
  const std::vector<f32> values = counted();
  std::uint64_t baseline = 0;
  const auto body = [&] {
    auto pooled = foundry.alloc<f32>({kCount}, from(values), "pooled, with a name that is long");
    auto hidden = foundry.alloc<f32, Private>(foundry.arena("private"), {kCount}, "hidden");
    auto dedicated = foundry.tensor<f32>({kCount}, from(values), "dedicated");
    const auto owner = std::make_shared<std::vector<f32>>(values);
    auto borrowed = foundry.borrow<f32>({kCount}, std::span<f32>(*owner), owner, "borrowed");
    hidden.any().copy_from_host(foundry.stream(), std::as_bytes(std::span(values)));
    const auto bytes = hidden.any().copy_to_host(foundry.stream());
    REQUIRE(unsafe::view_as<f32>(bytes)[7] == 8.0f);
    const auto part = borrowed.slice(0, 5, 9);
    const auto turned = pooled.reshape({20, 15}).transpose();
    const auto third = dedicated.as_view().select(0, 2);
    REQUIRE(part.host()[0] == 6.0f);
    REQUIRE(turned.any().strides()[0] == 1);
    REQUIRE(third.host()[0] == 3.0f);
  };
  const auto check = [&] {
    foundry.synchronize();
    REQUIRE(foundry.arena().statistics().leases == 0);
    REQUIRE(foundry.arena("private").statistics().leases == 0);
    foundry.arena().reset();
    foundry.arena("private").reset();
    if (baseline == 0) baseline = foundry.device().allocated_bytes();
    REQUIRE(foundry.device().allocated_bytes() == baseline);
  };
  CHECK(fail_each_allocation(body, check) > 20);
}

TEST_CASE("a dispatch is encoded, or its error is typed and the next one works") {
  Foundry foundry(Device::system_default(), {.stream = {.dispatches_per_command_buffer = 2}});
  const std::vector<f32> values = counted();
  auto x = foundry.tensor<f32>({kCount}, from(values));
  const auto body = [&] {
    auto y = foundry.alloc<f32>({kCount});
    auto z = foundry.alloc<f32>({kCount});
    foundry.run(Triple{x, y});
    foundry.run(Triple{y, z});
    foundry.run(Triple{z, y});
    foundry.synchronize();
    REQUIRE(y.host()[kCount - 1] == 27.0f * kCount);
  };
  const auto check = [&] {
    foundry.synchronize();
    REQUIRE(foundry.stream().statistics().in_flight == 0);
    REQUIRE(foundry.arena().statistics().leases == 0);
    foundry.reset();
  };
  CHECK(fail_each_allocation(body, check) > 10);
}

TEST_CASE("each buffer that the device refuses is a typed error with figures, and costs nothing") {
  constexpr std::uint64_t kStep = 1 << 16;
  constexpr std::uint64_t kElements = kStep / sizeof(f32);
  constexpr std::uint64_t kBuffers = 6;  // of kStep bytes, that `body` has at the same time
  Foundry foundry;
  const Device& device = foundry.device();
  const std::vector<f32> values(kElements, 1.0f);
  const auto body = [&] {
    Arena arena(device, {.name = "small", .chunk_bytes = kStep});
    const auto first = foundry.alloc<f32>(arena, {kElements});
    const auto second = foundry.alloc<f32>(arena, {kElements});
    const auto dedicated = foundry.tensor<f32>({kElements}, from(values));
    const auto hidden = foundry.dedicated<f32, Private>({kElements});
    // Two staging buffers, the first of them until the second is read.
    hidden.any().copy_from_host(foundry.stream(), std::as_bytes(std::span(values)));
    const auto bytes = hidden.any().copy_to_host(foundry.stream());
    REQUIRE(unsafe::view_as<f32>(bytes)[kElements - 1] == 1.0f);
  };
  body();
  foundry.synchronize();
  const std::uint64_t baseline = device.allocated_bytes();
  for (std::uint64_t room = 0; room <= kBuffers; ++room) {
    CAPTURE(room);
    device.set_memory_limit(baseline + room * kStep + 1);
    bool is_whole = false;
    try {
      body();
      is_whole = true;
    } catch (const OutOfMemoryError& error) {
      const std::string text = describe_error(error);
      CHECK(text.find("64.0 KiB asked, 1 B of the limit of") != text.npos);
    }
    device.set_memory_limit(0);
    CHECK(is_whole == (room == kBuffers));
    foundry.synchronize();
    REQUIRE(device.allocated_bytes() == baseline);
    body();
    foundry.synchronize();
    REQUIRE(device.allocated_bytes() == baseline);
  }
}
