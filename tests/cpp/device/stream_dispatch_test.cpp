// Dispatches: order by hazards, limits, errors.
#include <doctest/doctest.h>

#include <array>
#include <random>
#include <thread>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/device/command_stream.hpp"
#include "foundry/unsafe/host_memory.hpp"

using namespace foundry;

namespace {

// mix: y = 3 y + x, so that every order of two dispatches gives another result.
const char* const kMix = R"(
#include <metal_stdlib>
using namespace metal;

kernel void mix(device const uint* x [[buffer(0)]], device uint* y [[buffer(1)]],
                constant uint& count [[buffer(2)]], uint gid [[thread_position_in_grid]]) {
  if (gid < count) y[gid] = 3 * y[gid] + x[gid] + 1;
}

kernel void reverse(device uint* y [[buffer(0)]], threadgroup uint* scratch [[threadgroup(0)]],
                    uint lid [[thread_position_in_threadgroup]],
                    uint size [[threads_per_threadgroup]]) {
  scratch[lid] = y[lid];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[lid] = scratch[size - 1 - lid];
}
)";

struct Setup {
  Device device = Device::system_default();
  Library library = device.compile(kMix, "mix.metal");
  Pipeline mix = library.pipeline("mix");
  Pipeline reverse = library.pipeline("reverse");
};

const Setup& setup() {
  static const Setup setup;
  return setup;
}

void run_mix(CommandStream& stream, const BufferRange& x, const BufferRange& y) {
  const auto count = static_cast<std::uint32_t>(y.length / 4);
  const std::array bindings = {Binding::buffer(0, x, Access::read, nullptr),
                               Binding::buffer(1, y, Access::read_write, nullptr),
                               Binding::bytes(2, std::as_bytes(std::span(&count, 1)))};
  stream.dispatch(setup().mix, bindings, GridSize::d1(count), ThreadgroupSize::d1(64));
}

}  // namespace

TEST_CASE("barriers stand exactly where a hazard is") {
  CommandStream stream(setup().device);
  const Buffer a = setup().device.make_buffer(4096, StorageMode::shared);
  const Buffer b = setup().device.make_buffer(4096, StorageMode::shared);
  const auto barriers = [&] { return stream.statistics().barriers; };
  run_mix(stream, {&a, 0, 256}, {&b, 0, 256});
  run_mix(stream, {&a, 0, 256}, {&b, 256, 256});  // the same read, another write
  run_mix(stream, {&a, 256, 256}, {&b, 512, 256});
  CHECK(barriers() == 0);
  run_mix(stream, {&b, 0, 256}, {&b, 768, 256});  // read after write
  CHECK(barriers() == 1);
  run_mix(stream, {&a, 0, 256}, {&b, 1024, 256});
  CHECK(barriers() == 1);
  run_mix(stream, {&b, 2048, 256}, {&a, 128, 256});  // write after read, partly
  CHECK(barriers() == 2);
  run_mix(stream, {&b, 2048, 256}, {&a, 380, 4});  // write after write, one word
  CHECK(barriers() == 3);
}

TEST_CASE("random dispatches over overlapping ranges equal one after the other") {
  constexpr std::size_t kWords = 512;
  std::mt19937 random(21);
  for (int round = 0; round < 8; ++round) {
    CommandStream stream(setup().device, {.dispatches_per_command_buffer = 16});
    const Buffer buffer = setup().device.make_buffer(kWords * 4, StorageMode::shared);
    std::vector<std::uint32_t> model(kWords);
    for (auto& word : model) word = static_cast<std::uint32_t>(random());
    stream.upload(std::as_bytes(std::span(model)), {&buffer, 0, kWords * 4}, nullptr);
    for (int step = 0; step < 120; ++step) {
      const std::size_t count = 1 + random() % 100;
      const std::size_t x = random() % (kWords - count), y = random() % (kWords - count);
      if (x < y + count && y < x + count) continue;  // a race within one dispatch
      run_mix(stream, {&buffer, x * 4, count * 4}, {&buffer, y * 4, count * 4});
      for (std::size_t i = 0; i < count; ++i) model[y + i] = 3 * model[y + i] + model[x + i] + 1;
    }
    std::vector<std::uint32_t> result(kWords);
    stream.download({&buffer, 0, kWords * 4}, std::as_writable_bytes(std::span(result)), nullptr);
    CHECK(result == model);
  }
}

TEST_CASE("threadgroup memory of a length given at the dispatch") {
  CommandStream stream(setup().device);
  const Buffer buffer = setup().device.make_buffer(1024, StorageMode::shared);
  const auto words = unsafe::mutable_view_as<std::uint32_t>(buffer.host().mutable_bytes(0, 1024));
  for (std::uint32_t i = 0; i < 256; ++i) words[i] = i;
  const std::array bindings = {Binding::buffer(0, {&buffer, 0, 1024}, Access::read_write, nullptr),
                               Binding::threadgroup_memory(0, 1024)};
  stream.dispatch(setup().reverse, bindings, GridSize::threadgroups(1), ThreadgroupSize::d1(256));
  stream.synchronize();
  for (std::uint32_t i = 0; i < 256; ++i) REQUIRE(words[i] == 255 - i);
}

TEST_CASE("limits are checked before anything is encoded, with both numbers") {
  const Setup& s = setup();
  CommandStream stream(s.device);
  const Buffer a = s.device.make_buffer(4096, StorageMode::shared, "a");
  const std::uint32_t count = 4;
  const Binding x = Binding::buffer(0, {&a, 0, 16}, Access::read, nullptr);
  const Binding y = Binding::buffer(1, {&a, 16, 16}, Access::read_write, nullptr);
  const Binding n = Binding::bytes(2, std::as_bytes(std::span(&count, 1)));
  const auto refusal = [&](const Pipeline& pipeline, std::vector<Binding> bindings,
                           ThreadgroupSize size) -> std::string {
    try {
      stream.dispatch(pipeline, bindings, GridSize::d1(4), size);
    } catch (const DispatchError& error) {
      return error.what();
    }
    return "";
  };
  const ThreadgroupSize small = ThreadgroupSize::d1(32);
  const std::uint32_t most = s.mix.max_threads_per_threadgroup();
  CHECK(refusal(s.mix, {x, y, n}, ThreadgroupSize::d1(most * 2)) ==
        "threadgroup of " + std::to_string(most * 2) + " threads, the pipeline allows " +
            std::to_string(most));
  CHECK(refusal(s.mix, {x, y}, small).find("mix: buffer 2 'count': uint") == 0);
  CHECK(refusal(s.mix, {x, y, n, y}, small) == "mix: buffer 1 is bound twice");
  CHECK(refusal(s.mix, {x, y, Binding::bytes(31, n.constant)}, small) ==
        "mix: buffer 31: the largest index is 30");
  CHECK(refusal(s.mix, {x, Binding::buffer(1, {&a, 4000, 97}, Access::write, nullptr), n}, small) ==
        "mix: buffer 1: bytes [4000, 4000 + 97) are not in buffer 'a' of 4.0 KiB, shared (4096 "
        "bytes)");
  const std::vector<std::byte> large(4097);
  CHECK(refusal(s.mix, {x, y, Binding::bytes(2, large)}, small) ==
        "mix: buffer 2: 4097 bytes of constants, 1 to 4096 are allowed");
  CHECK(refusal(s.reverse, {x, Binding::threadgroup_memory(0, 100)}, small) ==
        "reverse: threadgroup 0: 100 bytes are no positive multiple of 16");
  const std::uint64_t memory = s.device.limits().max_threadgroup_memory;
  CHECK(refusal(s.reverse, {x, Binding::threadgroup_memory(0, memory + 16)}, small) ==
        "reverse: " + std::to_string(memory + 16) +
            " bytes of threadgroup memory, the device "
            "allows " +
            std::to_string(memory));
  CHECK(refusal(s.reverse, {x}, small).find("reverse: threadgroup 0 'scratch'") == 0);
  CHECK(refusal(Pipeline(), {}, small) == "the pipeline is empty");
  const std::vector<std::byte> constant(4096);
  const auto fixed_memory = unsafe::HostMemory::read_only(constant);
  const Buffer fixed = s.device.borrow(fixed_memory, {}, "fixed");
  const std::uint64_t at = Device::borrow_offset(fixed_memory);
  const std::array written = {x, Binding::buffer(1, {&fixed, at, 16}, Access::write, nullptr), n};
  CHECK_THROWS_WITH_AS(stream.dispatch(s.mix, written, GridSize::d1(4), small),
                       ("mix: buffer 1 is written, but it is " + fixed.describe()).c_str(),
                       StorageError);
  CHECK(stream.statistics().dispatches == 0);
}

TEST_CASE("threads dispatch on one stream without losing work") {
  CommandStream stream(setup().device,
                       {.dispatches_per_command_buffer = 8, .command_buffers_in_flight = 4});
  const Buffer x = setup().device.make_buffer(64, StorageMode::shared);
  stream.fill({&x, 0, 64}, std::byte{0}, nullptr);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const Buffer y = setup().device.make_buffer(64, StorageMode::shared);
      stream.fill({&y, 0, 64}, std::byte{0}, nullptr);
      std::uint32_t expected = 0;
      for (int i = 0; i < 100; ++i) {
        run_mix(stream, {&x, 0, 64}, {&y, 0, 64});
        expected = 3 * expected + 1;
      }
      wait_for_writes({&y, 0, 64});
      CHECK(unsafe::load<std::uint32_t>(y.host().bytes(0, 64), 60) == expected);
    });
  }
  for (auto& thread : threads) thread.join();
  stream.synchronize();
  CHECK(stream.statistics().dispatches == 400);
}
