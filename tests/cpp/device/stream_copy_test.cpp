// Streams without kernels: copies, fills, waiting, claims. What needs a compiler is in
// stream_dispatch_test.cpp.
#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/device/command_stream.hpp"

using namespace foundry;

namespace {

std::vector<std::byte> pattern(std::size_t length, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(length);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

struct Counted final : Keepable {
  bool keep(Holder by) noexcept override {
    last = by;
    ++claims;
    return true;
  }
  void release(Holder) noexcept override { ++releases; }
  std::string describe() const override { return "counted"; }
  Holder last;
  std::atomic<int> claims{0}, releases{0};
};

}  // namespace

TEST_CASE("bytes survive the way into private memory and back, whatever the size") {
  const Device device = Device::system_default();
  CommandStream stream(device);
  for (const std::size_t length : {1u, 3u, 4096u, 1000003u, 20000000u}) {
    const Buffer hidden = device.make_buffer(length, StorageMode::private_);
    const auto bytes = pattern(length, 1);
    stream.upload(bytes, {&hidden, 0, length}, nullptr);
    std::vector<std::byte> back(length);
    stream.download({&hidden, 0, length}, back, nullptr);
    CHECK(back == bytes);
  }
}

TEST_CASE("copies and fills run in order of the calls") {
  const Device device = Device::system_default();
  CommandStream stream(device);
  const Buffer a = device.make_buffer(4096, StorageMode::shared);
  const Buffer b = device.make_buffer(4096, StorageMode::private_);
  for (int round = 0; round < 100; ++round) {
    stream.fill({&a, 0, 4096}, static_cast<std::byte>(round), nullptr);
    stream.copy({&a, 0, 2048}, nullptr, {&b, 2048, 2048}, nullptr);
    stream.fill({&a, 0, 2048}, std::byte{0xff}, nullptr);
    stream.copy({&b, 2048, 2048}, nullptr, {&a, 0, 2048}, nullptr);
  }
  wait_for_writes({&a, 0, 4096});
  for (const auto byte : a.host().bytes(0, 4096)) REQUIRE(byte == std::byte{99});
  const StreamStatistics statistics = stream.statistics();
  CHECK(statistics.copies == 400);
  CHECK(statistics.command_buffers == 7);  // 400 commands, 64 to a command buffer
}

TEST_CASE("a wait commits and waits for its own bytes only") {
  const Device device = Device::system_default();
  CommandStream stream(device);
  const Buffer a = device.make_buffer(4096, StorageMode::shared);
  stream.fill({&a, 0, 1024}, std::byte{1}, nullptr);
  wait_for_writes({&a, 1024, 1024});
  CHECK(stream.statistics().command_buffers == 0);  // other bytes: still being encoded
  wait_for_writes({&a, 1023, 1});
  CHECK(stream.statistics().command_buffers == 1);
  CHECK(a.host().bytes(0, 1)[0] == std::byte{1});

  const Buffer b = device.make_buffer(4096, StorageMode::shared);
  stream.copy({&a, 0, 1024}, nullptr, {&b, 0, 1024}, nullptr);
  wait_for_writes({&a, 0, 1024});  // it is read, not written
  CHECK(stream.statistics().command_buffers == 1);
  wait_for_uses({&a, 0, 1024});
  CHECK(stream.statistics().command_buffers == 2);
}

TEST_CASE("claims are held until the command buffer completes, and not longer") {
  const Device device = Device::system_default();
  const Buffer a = device.make_buffer(4096, StorageMode::shared);
  Counted kept;
  CommandStream stream(device);
  stream.fill({&a, 0, 4096}, std::byte{1}, &kept);
  CHECK(kept.claims == 1);
  CHECK(kept.releases == 0);
  CHECK(kept.last.kind == Holder::Kind::command_buffer);
  CHECK(kept.last.number > 0);
  stream.synchronize();
  CHECK(kept.releases == 1);
  CHECK(stream.statistics().in_flight == 0);
}

TEST_CASE("a stream that goes away finishes its work first") {
  const Device device = Device::system_default();
  const Buffer a = device.make_buffer(1 << 16, StorageMode::shared);
  Counted kept;
  {
    CommandStream stream(device);
    for (int i = 0; i < 200; ++i) stream.fill({&a, 0, 1 << 16}, static_cast<std::byte>(i), &kept);
  }
  CHECK(kept.releases == kept.claims);
  CHECK(a.host().bytes(0, 1)[0] == std::byte{199});
}

TEST_CASE("work in flight is capped") {
  const Device device = Device::system_default();
  const Buffer a = device.make_buffer(1 << 16, StorageMode::shared);
  CommandStream stream(device,
                       {.dispatches_per_command_buffer = 1, .command_buffers_in_flight = 2});
  for (int i = 0; i < 100; ++i) {
    stream.fill({&a, 0, 1 << 16}, std::byte{1}, nullptr);
    CHECK(stream.statistics().in_flight <= 2);
  }
  CHECK_THROWS_AS(CommandStream(device, {.dispatches_per_command_buffer = 0}), ArgumentError);
}

TEST_CASE("a stream waits for conflicting work of another one") {
  const Device device = Device::system_default();
  const Buffer a = device.make_buffer(1 << 20, StorageMode::shared);
  const Buffer b = device.make_buffer(1 << 20, StorageMode::shared);
  CommandStream first(device), second(device);
  for (int round = 0; round < 20; ++round) {
    first.fill({&a, 0, 1 << 20}, static_cast<std::byte>(round), nullptr);
    second.copy({&a, 0, 1 << 20}, nullptr, {&b, 0, 1 << 20}, nullptr);
    first.fill({&a, 0, 1 << 20}, std::byte{0xee}, nullptr);
    wait_for_writes({&b, 0, 1 << 20});
    CHECK(b.host().bytes((1 << 20) - 1, 1)[0] == static_cast<std::byte>(round));
  }
}

TEST_CASE("threads share a stream") {
  const Device device = Device::system_default();
  CommandStream stream(device,
                       {.dispatches_per_command_buffer = 8, .command_buffers_in_flight = 3});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const Buffer mine = device.make_buffer(4096, StorageMode::shared);
      for (int i = 0; i < 100; ++i) {
        stream.fill({&mine, 0, 4096}, static_cast<std::byte>(t * 50 + i), nullptr);
        if (i % 10 == 0) {
          wait_for_writes({&mine, 0, 4096});
          if (mine.host().bytes(0, 1)[0] != static_cast<std::byte>(t * 50 + i)) ++wrong;
        }
        if (i % 25 == 0) stream.flush();
      }
      stream.synchronize();
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("what cannot be copied is refused before it is encoded") {
  const Device device = Device::system_default();
  CommandStream stream(device);
  const Buffer a = device.make_buffer(100, StorageMode::shared, "a");
  CHECK_THROWS_WITH_AS(
      stream.fill({&a, 90, 20}, std::byte{0}, nullptr),
      "fill: bytes [90, 90 + 20) are not in buffer 'a' of 100 B, shared (100 bytes)",
      DispatchError);
  CHECK_THROWS_WITH_AS(stream.fill({nullptr, 0, 1}, std::byte{0}, nullptr), "fill has no buffer",
                       DispatchError);
  CHECK_THROWS_WITH_AS(stream.copy({&a, 0, 10}, nullptr, {&a, 5, 10}, nullptr),
                       "copy: source [0, 10) and destination [5, 15) overlap", DispatchError);
  CHECK_THROWS_WITH_AS(stream.copy({&a, 0, 10}, nullptr, {&a, 50, 11}, nullptr),
                       "copy: source has 10 bytes, destination 11", DispatchError);
  const std::vector<std::byte> constant(64);
  const auto memory = unsafe::HostMemory::read_only(constant);
  const Buffer fixed = device.borrow(memory, {}, "fixed");
  CHECK_THROWS_AS(stream.fill({&fixed, Device::borrow_offset(memory), 4}, std::byte{0}, nullptr),
                  StorageError);
  CHECK(stream.statistics().copies == 0);
}
