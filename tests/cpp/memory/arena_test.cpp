#include "foundry/memory/arena.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "foundry/core/error.hpp"

using namespace foundry;

namespace {

ArenaOptions options(const char* name, std::uint64_t chunk, std::uint64_t cap = 0) {
  return {name, StorageMode::shared, chunk, cap};
}

Label label(const char* name, std::uint64_t extent) {
  Dimensions dimensions;
  dimensions.push_back(extent);
  return {name, "f16", dimensions};
}

}  // namespace

TEST_CASE("ranges are aligned, apart, and inside their chunk") {
  Arena arena(Device::system_default(), options("a", 4096));
  const Lease first = arena.allocate(1), second = arena.allocate(300), third = arena.allocate(256);
  CHECK(first.offset() == 0);
  CHECK(second.offset() == 256);
  CHECK(third.offset() == 768);
  CHECK(second.length() == 300);
  CHECK(first.buffer() == third.buffer());
  CHECK(first.is_pooled());
}

TEST_CASE("chunks grow on demand, and a large range gets one of its own size") {
  Arena arena(Device::system_default(), options("a", 4096));
  const Lease small = arena.allocate(4000);
  const Lease large = arena.allocate(100000);
  CHECK_FALSE(small.buffer() == large.buffer());
  CHECK(arena.statistics().chunks == 2);
  CHECK(arena.statistics().reserved_bytes == 4096 + 100096);
  CHECK(arena.statistics().leased_bytes == 104000);
}

TEST_CASE("reset refuses while leases are held, and names who holds them") {
  Arena arena(Device::system_default(), options("activations", 1 << 16));
  Lease y = arena.allocate(28672, label("y", 14336));
  Lease x = arena.allocate(8192, label("x", 4096));
  KeepAlive array = y.held_by(Holder::array());
  KeepAlive running = x.held_by(Holder::command_buffer(17));
  y = Lease();
  x = Lease();
  CHECK_THROWS_WITH_AS(
      arena.reset(),
      "cannot reset arena 'activations': 2 leases held (y (14336,) f16 by a numpy array; x (4096,) "
      "f16 by command buffer 17, still running)",
      ArenaInUseError);
  running.reset();
  CHECK_THROWS_WITH_AS(arena.reset(),
                       "cannot reset arena 'activations': 1 lease held (y (14336,) f16 by a numpy "
                       "array)",
                       ArenaInUseError);
  array.reset();
  arena.reset();
  CHECK(arena.allocate(256).offset() == 0);
}

TEST_CASE("a long list of holders is cut, and several holders of one lease are all named") {
  Arena arena(Device::system_default(), options("a", 1 << 16));
  std::vector<Lease> leases;
  for (int i = 0; i < 10; ++i) leases.push_back(arena.allocate(256));
  const Lease view = leases[0].as_view();
  try {
    arena.reset();
    FAIL("reset under leases");
  } catch (const ArenaInUseError& error) {
    const std::string what = error.what();
    CHECK(what.find("10 leases held (memory 256 B by a tensor and a view; memory") !=
          std::string::npos);
    CHECK(what.find("; and 2 more)") != std::string::npos);
  }
}

TEST_CASE("leaving a scope frees what nobody holds and keeps the rest until it is let go") {
  Arena arena(Device::system_default(), options("a", 4096));
  const Lease before = arena.allocate(256);
  Lease kept;
  {
    const ArenaScope scope(arena);
    const Lease dropped = arena.allocate(512);
    kept = arena.allocate(256);
    CHECK(kept.offset() == 768);
  }
  CHECK(arena.statistics().retired == 1);
  const Lease low = arena.allocate(512);   // where `dropped` was
  const Lease high = arena.allocate(512);  // past the island
  CHECK(low.offset() == 256);
  CHECK(high.offset() == 1024);
  CHECK(kept.offset() == 768);
  kept = Lease();
  CHECK(arena.statistics().retired == 0);
}

TEST_CASE("an island that is let go before the cursor gets there is used again") {
  Arena arena(Device::system_default(), options("a", 4096));
  Lease kept;
  {
    const ArenaScope scope(arena);
    kept = arena.allocate(256);
  }
  kept = Lease();
  CHECK(arena.allocate(1024).offset() == 0);
}

TEST_CASE("ranges that only command buffers hold are reused at once, but block a reset") {
  Arena arena(Device::system_default(), options("a", 4096));
  KeepAlive running;
  {
    const ArenaScope scope(arena);
    running = arena.allocate(256).held_by(Holder::command_buffer(3));
  }
  CHECK(arena.statistics().leases == 0);
  CHECK(arena.allocate(256).offset() == 0);
  CHECK_THROWS_AS(arena.reset(), ArenaInUseError);
  running.reset();
  arena.reset();
}

TEST_CASE("a recorded program and a DLPack capsule keep their ranges from being used again") {
  Arena arena(Device::system_default(), options("a", 4096));
  KeepAlive program, capsule;
  {
    const ArenaScope scope(arena);
    program = arena.allocate(256, label("x", 128)).held_by(Holder::program());
    capsule = arena.allocate(256, label("y", 128)).held_by(Holder::capsule());
  }
  CHECK(arena.statistics().retired == 2);
  CHECK(arena.allocate(256).offset() == 512);
  CHECK_THROWS_WITH_AS(arena.reset(),
                       "cannot reset arena 'a': 2 leases held (x (128,) f16 by a recorded program; "
                       "y (128,) f16 by a DLPack capsule)",
                       ArenaInUseError);
  program.reset();
  capsule.reset();
  arena.reset();
}

TEST_CASE("nested scopes return to their own marks; a stale mark changes nothing") {
  Arena arena(Device::system_default(), options("a", 1024));
  const ArenaMark start = arena.mark();
  {
    const ArenaScope outer(arena);
    (void)arena.allocate(512);
    const ArenaMark inner = arena.mark();
    (void)arena.allocate(5000);  // another chunk
    arena.rewind(inner);
    CHECK(arena.allocate(256).offset() == 512);
  }
  CHECK(arena.allocate(256).offset() == 0);
  const ArenaMark past = arena.mark();
  arena.reset();
  arena.rewind(past);
  CHECK(arena.allocate(256).offset() == 0);
  arena.rewind(start);  // of an earlier generation
  CHECK(arena.allocate(256).offset() == 256);
}

TEST_CASE("a mark inside a range that was allocated after an outer mark was returned to") {
  Arena arena(Device::system_default(), options("a", 4096));
  const ArenaMark outer = arena.mark();
  (void)arena.allocate(512);
  const ArenaMark inner = arena.mark();
  arena.rewind(outer);
  const Lease across = arena.allocate(1024);
  CHECK(across.offset() == 0);
  arena.rewind(inner);  // at 512, as a scope of another thread would
  CHECK(arena.allocate(256).offset() == 1024);
}

TEST_CASE("past the cap the error has the figures") {
  Arena arena(Device::system_default(), options("activations", 1 << 20, 2 << 20));
  const Lease held = arena.allocate((1 << 20) + (512 << 10));
  CHECK_THROWS_WITH_AS(arena.allocate(1 << 20),
                       "arena 'activations': 1.0 MiB asked, 512.0 KiB of 2.0 MiB left",
                       OutOfMemoryError);
  const Lease rest = arena.allocate(512 << 10);  // the failure cost nothing
  CHECK(arena.statistics().reserved_bytes == 2 << 20);
  CHECK_THROWS_AS(arena.allocate(1), OutOfMemoryError);
  CHECK_THROWS_WITH_AS(arena.allocate(0), "arena 'activations': 0 bytes asked", ShapeError);
  CHECK_THROWS_AS(arena.allocate(~0ull), OutOfMemoryError);
}

TEST_CASE("free chunks that are too small give way under the cap") {
  Arena arena(Device::system_default(), options("a", 1 << 20, 2 << 20));
  {
    const std::array both = {arena.allocate(1 << 20), arena.allocate(1 << 20)};
  }
  arena.reset();
  const Lease large = arena.allocate(2 << 20);
  CHECK(large.length() == 2 << 20);
  CHECK(arena.statistics().chunks == 1);
}

TEST_CASE("more than the device can give is an error that says so, with its cause") {
  Arena arena(Device::system_default(), options("a", 4096));
  try {
    (void)arena.allocate(1ull << 60);
    FAIL("an exbibyte was allocated");
  } catch (const OutOfMemoryError& error) {
    CHECK(std::string(error.what()).find("arena 'a': 1.0 EiB asked") == 0);
    CHECK(describe_error(error).find("caused by: OutOfMemoryError: buffer") != std::string::npos);
  }
}

TEST_CASE("memory outlives the arena while leases do, and goes with the last one") {
  const Device device = Device::system_default();
  const std::uint64_t before = device.allocated_bytes();
  Lease survivor;
  {
    Arena arena(device, options("a", 1 << 20));
    survivor = arena.allocate(256);
    const Lease other = arena.allocate(256);
  }
  survivor.buffer().host().mutable_bytes(survivor.offset(), 256)[0] = std::byte{1};
  CHECK(device.allocated_bytes() > before);
  survivor = Lease();
  CHECK(device.allocated_bytes() == before);
}

TEST_CASE("trim gives free chunks back") {
  Arena arena(Device::system_default(), options("a", 4096));
  {
    const ArenaScope scope(arena);
    for (int i = 0; i < 8; ++i) (void)arena.allocate(4096);
  }
  CHECK(arena.statistics().chunks == 8);
  arena.trim();
  CHECK(arena.statistics().chunks == 1);
  CHECK(arena.statistics().reserved_bytes == 4096);
  const Lease lease = arena.allocate(4096), next = arena.allocate(4096);
  CHECK(arena.statistics().chunks == 2);
  CHECK(to_string(arena) ==
        "arena 'a': 8.0 KiB in 2 leases (peak 8.0 KiB), 0 B wasted, 8.0 KiB "
        "reserved in 2 chunks");
}

TEST_CASE("the accounts: in use, high water, padding, what waits for a rewind, what is left") {
  Arena arena(Device::system_default(), options("a", 4096, 1 << 20));
  CHECK(arena.statistics() == ArenaStatistics{.cap_bytes = 1 << 20});
  Lease first = arena.allocate(300);  // padded to 512
  Lease kept;
  {
    const ArenaScope scope(arena);
    (void)arena.allocate(1024);  // let go of, behind the cursor
    kept = arena.allocate(250);
    ArenaStatistics inside = arena.statistics();
    CHECK(inside.leased_bytes == 550);
    CHECK(inside.peak_leased_bytes == 300 + 1024);
    CHECK(inside.alignment_bytes == 212 + 6);
    CHECK(inside.stranded_bytes == 1024);
    CHECK(inside.available_bytes == 4096 - 512 - 1024 - 256);
    CHECK(inside.waste_bytes() == 218 + 1024);
    CHECK(inside.retired == 0);
  }
  ArenaStatistics left = arena.statistics();
  CHECK(left.retired == 1);
  CHECK(left.retired_bytes == 250);
  CHECK(left.stranded_bytes == 0);
  CHECK(left.available_bytes == 4096 - 512 - 256);
  first = Lease();
  left = arena.statistics();
  CHECK(left.leased_bytes == 250);
  CHECK(left.stranded_bytes == 512);  // before the mark: only a reset brings it back
  kept = Lease();
  arena.reset();
  left = arena.statistics();
  CHECK(left.leased_bytes + left.alignment_bytes + left.stranded_bytes + left.retired_bytes == 0);
  CHECK(left.available_bytes == 4096);
  CHECK(left.peak_leased_bytes == 1324);
  CHECK(left.allocations == 3);
}

TEST_CASE("who holds what is listed, and reads well") {
  Arena arena(Device::system_default(), options("a", 1 << 16));
  const Lease y = arena.allocate(28672, label("y", 14336));
  const Lease view = y.as_view(), other = y.as_view();
  KeepAlive running, array;
  {
    const ArenaScope scope(arena);
    Lease scratch = arena.allocate(300);
    running = scratch.held_by(Holder::command_buffer(17));
    array = scratch.held_by(Holder::array());
  }
  std::vector<std::string> lines;
  for (const ArenaHolder& holder : arena.holders()) lines.push_back(to_string(holder));
  CHECK(lines == std::vector<std::string>{
                     "y (14336,) f16, 28.0 KiB, by a tensor",
                     "y (14336,) f16, 28.0 KiB, by a view (2 claims)",
                     "memory 300 B, retired, by a numpy array",
                     "memory 300 B, retired, by command buffer 17, still running",
                 });
  const ArenaHolder last = arena.holders().back();
  CHECK(last.holder == Holder::command_buffer(17));
  CHECK(last.bytes == 300);
  CHECK(last.allocation == 2);
  array.reset();
  running.reset();
  CHECK(arena.holders().size() == 2);
}

TEST_CASE("an arena is shared or private") {
  ArenaOptions borrowed = options("a", 4096);
  borrowed.mode = StorageMode::borrowed;
  CHECK_THROWS_WITH_AS(Arena(Device::system_default(), borrowed),
                       "arena 'a': its storage is shared or private, not borrowed", ArgumentError);
  CHECK_THROWS_AS(Arena(Device::system_default(), options("a", 100)), ArgumentError);
}
