// A command buffer that fails on the device. Anvil only: it compiles a kernel's second variant when
// a dispatch first needs it, so that taking the compiler away in between fails the command buffer.
#ifndef __APPLE__
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/device/command_list.hpp"
#include "foundry/device/command_stream.hpp"
#include "foundry/memory/arena.hpp"

using namespace foundry;

namespace {

/// A link to $ANVIL_COMPILER that takes its place there, before Anvil looks.
struct Link {
  Link() {
    if (const char* given = std::getenv("ANVIL_COMPILER")) program = given;
    path = std::filesystem::temp_directory_path() / ("lent-compiler-" + std::to_string(::getpid()));
    setenv("ANVIL_COMPILER", path.c_str(), 1);
  }
  std::filesystem::path program;
  std::filesystem::path path;
} const compiler_link;

/// The compiler, as long as it lives.
struct LentCompiler {
  LentCompiler() {
    REQUIRE(!compiler_link.program.empty());
    std::filesystem::remove(compiler_link.path);
    std::filesystem::create_symlink(compiler_link.program, compiler_link.path);
  }
  ~LentCompiler() { std::filesystem::remove(compiler_link.path); }
};

/// Copies cells. No cache has it: it names this process and this call. Grids of whole threadgroups
/// run; others need the variant that is not compiled.
Pipeline fresh_kernel(const Device& device) {
  static int count = 0;
  const std::string number = std::to_string(::getpid()) + std::to_string(++count) + "u";
  return device
      .compile(
          "#include <metal_stdlib>\nusing namespace metal;\n"
          "kernel void stamp(device const uint* x [[buffer(0)]], device uint* y [[buffer(1)]], "
          "uint "
          "gid [[thread_position_in_grid]]) { y[gid] = x[gid] == " +
              number + " ? 0u : x[gid]; }",
          "stamp.metal")
      .pipeline("stamp");
}

// What a simdgroup copies: whole simdgroups run, others need the variant that is not compiled.
constexpr std::uint32_t kLanes = 32;
constexpr std::uint32_t kCell = kLanes * sizeof(std::uint32_t);

/// Cells of the buffer.
struct Cells {
  std::uint64_t begin = 0, count = 0;
  std::uint64_t end() const { return begin + count; }
};

/// One buffer under streams, with kernels that succeed or fail on it.
struct Bench {
  Device device = open();
  std::uint64_t cells = 64;
  Buffer buffer = device.make_buffer(cells * kCell, StorageMode::shared);
  Pipeline pipeline;

  Bench() {
    const LentCompiler compiler;
    pipeline = fresh_kernel(device);
    std::memset(buffer.host().mutable_bytes(0, cells * kCell).data(), 0, cells * kCell);
  }
  /// Where the compiler is looked for is checked as the device is made.
  static Device open() {
    const LentCompiler compiler;
    return Device::system_default();
  }
  BufferRange range(const Cells& cells) const {
    return {&buffer, cells.begin * kCell, cells.count * kCell};
  }
  auto bindings(const Cells& from, const Cells& to, Access access) const {
    return std::array{Binding::buffer(0, range(from), Access::read, nullptr),
                      Binding::buffer(1, range(to), access, nullptr)};
  }
  void copy(auto& target, const Cells& from, const Cells& to, bool fails,
            Access access = Access::write) const {
    target.dispatch(pipeline, bindings(from, to, access), GridSize::d1(to.count * kLanes),
                    ThreadgroupSize::d1(fails ? kLanes - 1 : kLanes));
  }
  std::span<const std::uint32_t> cell(std::uint64_t at) const {
    return unsafe::view_as<std::uint32_t>(buffer.host().bytes(at * kCell, kCell));
  }
};

std::string failure_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a failed command buffer is reported once by synchronize, by number and kernel") {
  const Bench bench;
  CommandStream stream(bench.device);
  bench.copy(stream, {0, 8}, {8, 8}, true);
  const std::string what = failure_of([&] { stream.synchronize(); });
  CHECK(what.find("command buffer ") == 0);
  CHECK(what.find(" (stamp): ") != what.npos);
  CHECK(what.find("anvil-compiler is gone") != what.npos);
  stream.synchronize();
  bench.copy(stream, {0, 8}, {16, 8}, true);
  stream.flush();
  bench.copy(stream, {0, 8}, {24, 8}, true);
  const std::string both = failure_of([&] { stream.synchronize(); });
  CHECK(both.find("\nthen command buffer ") != both.npos);
  stream.synchronize();
}

TEST_CASE("what a failed command buffer was to write fails every read, on every thread") {
  const Bench bench;
  CommandStream stream(bench.device);
  bench.copy(stream, {0, 8}, {8, 8}, true);
  for (int again = 0; again < 3; ++again) {
    wait_for_writes(bench.range({0, 8}));
    wait_for_uses(bench.range({16, 48}));
    CHECK_THROWS_AS(wait_for_writes(bench.range({15, 1})), DeviceError);
    CHECK_THROWS_AS(wait_for_uses(bench.range({8, 1})), DeviceError);
    std::string elsewhere;
    std::thread([&] {
      elsewhere = failure_of([&] { wait_for_writes(bench.range({0, 64})); });
    }).join();
    CHECK(elsewhere.find("fail every read until they are written again") != elsewhere.npos);
    failure_of([&] { stream.synchronize(); });
  }
  std::array<std::byte, 8 * kCell> bytes{};
  CHECK_THROWS_AS(stream.download(bench.range({8, 8}), bytes, nullptr), DeviceError);
  const Buffer hidden = bench.device.make_buffer(8 * kCell, StorageMode::private_);
  stream.copy(bench.range({8, 8}), nullptr, {&hidden, 0, 8 * kCell}, nullptr);
  CHECK_THROWS_AS(stream.download({&hidden, 0, 8 * kCell}, bytes, nullptr), DeviceError);
  CHECK_THROWS_AS(stream.download({&hidden, 0, 8 * kCell}, bytes, nullptr), DeviceError);

  // Only what is written is whole again.
  stream.upload(std::span(bytes).first(2 * kCell), bench.range({10, 2}), nullptr);
  wait_for_writes(bench.range({10, 2}));
  CHECK_THROWS_AS(wait_for_writes(bench.range({9, 1})), DeviceError);
  CHECK_THROWS_AS(wait_for_writes(bench.range({12, 1})), DeviceError);
  stream.fill(bench.range({8, 2}), std::byte{3}, nullptr);
  bench.copy(stream, {0, 4}, {12, 4}, false);
  wait_for_writes(bench.range({0, 64}));
  CHECK(bench.cell(9)[31] == 0x03030303u);
  stream.fill({&hidden, 0, 8 * kCell}, std::byte{5}, nullptr);
  stream.download({&hidden, 0, 8 * kCell}, bytes, nullptr);
  CHECK(bytes[31] == std::byte{5});
}

TEST_CASE("memory that is somebody else's has not failed") {
  const Bench bench;
  CommandStream stream(bench.device);
  std::optional<Buffer> own = bench.device.make_buffer(kCell, StorageMode::shared);
  const auto fail = [&] {
    const std::array bindings = {Binding::buffer(0, bench.range({0, 1}), Access::read, nullptr),
                                 Binding::buffer(1, {&*own, 0, kCell}, Access::write, nullptr)};
    stream.dispatch(bench.pipeline, bindings, GridSize::d1(kLanes),
                    ThreadgroupSize::d1(kLanes - 1));
  };
  fail();
  CHECK_THROWS_AS(wait_for_writes({&*own, 0, 4}), DeviceError);
  const std::uint64_t address = own->hazard_address();
  own.reset();
  own = bench.device.make_buffer(kCell, StorageMode::shared);
  if (own->hazard_address() == address) wait_for_writes({&*own, 0, 4});
  fail();
  failure_of([&] { stream.synchronize(); });

  Arena arena(bench.device, {.name = "scratch", .chunk_bytes = 4096});
  for (const bool waits : {true, false}) {
    BufferRange old;
    {
      const ArenaScope scope(arena);
      const Lease lease = arena.allocate(kCell);
      old = {&lease.buffer(), lease.offset(), kCell};
      const std::array bindings = {Binding::buffer(0, bench.range({0, 1}), Access::read, nullptr),
                                   Binding::buffer(1, old, Access::write, lease.target())};
      stream.dispatch(bench.pipeline, bindings, GridSize::d1(kLanes),
                      ThreadgroupSize::d1(kLanes - 1));
      if (waits) CHECK_THROWS_AS(wait_for_writes(old), DeviceError);
    }
    const Lease next = arena.allocate(kCell);
    REQUIRE(next.offset() == old.offset);
    wait_for_uses({&next.buffer(), next.offset(), kCell});
    CHECK(failure_of([&] { stream.synchronize(); }) != "");
  }
}

TEST_CASE("failures spread and are mended as a model of every cell says") {
  const Bench bench;
  CommandStream first(bench.device), second(bench.device);
  std::mt19937 random(7);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const auto some = [&](std::uint64_t begin, std::uint64_t end, std::uint64_t most) {
    const std::uint64_t count = 1 + below(most);
    return Cells{begin + below(end - begin - count + 1), count};
  };

  struct Cell {
    std::uint32_t value = 0;
    bool has_failed = false;
  };
  std::vector<Cell> model(bench.cells);
  struct Command {
    std::optional<Cells> from;  // none: a fill with bytes of `value`
    Cells to;
    std::uint32_t value;
    bool fails;
    Access access;
  };
  std::vector<Command> pending;  // of one command buffer
  const auto apply = [&](const Command& command, bool fails) {
    bool has_failed = fails;
    std::vector<Cell> read;
    if (command.from) {
      read.assign(model.begin() + static_cast<long>(command.from->begin),
                  model.begin() + static_cast<long>(command.from->end()));
      for (const Cell& cell : read) has_failed = has_failed || cell.has_failed;
    }
    if (command.access == Access::read_write) {
      for (auto i = command.to.begin; i < command.to.end(); ++i) {
        has_failed = has_failed || model[i].has_failed;
      }
    }
    for (std::uint64_t i = 0; i < command.to.count; ++i) {
      Cell& cell = model[command.to.begin + i];
      cell.has_failed = has_failed || (command.access == Access::write_some && cell.has_failed);
      cell.value = command.from ? read[i].value : command.value * 0x01010101u;
    }
  };
  const auto settle = [&] {
    const bool fails =
        std::any_of(pending.begin(), pending.end(), [](const Command& c) { return c.fails; });
    for (const Command& command : pending) apply(command, fails);
    pending.clear();
  };

  int failures = 0, reads = 0, threw = 0;
  for (int round = 0; round < 400; ++round) {
    CommandStream& stream = below(2) ? first : second;
    for (auto commands = 1 + below(4); commands > 0; --commands) {
      Command command{
          {}, some(0, bench.cells, 12), std::uint32_t(below(250)), false, Access::write};
      switch (below(4)) {
        case 0:
          stream.fill(bench.range(command.to), static_cast<std::byte>(command.value), nullptr);
          pending.push_back(command);
          break;
        case 1: {  // a list of two copies, the second of what the first wrote
          CommandList list(bench.device);
          const Cells a = some(0, 20, 8), b{20 + below(10), a.count}, c{40 + below(10), a.count};
          bench.copy(list, a, b, false);
          bench.copy(list, b, c, false);
          stream.replay(list, {});
          pending.push_back({a, b, 0, false, Access::write});
          pending.push_back({b, c, 0, false, Access::write});
          break;
        }
        default: {
          const std::uint64_t count = 1 + below(12);
          const bool upwards = below(2);
          command.from = upwards ? Cells{below(20), count} : Cells{32 + below(20), count};
          command.to = upwards ? Cells{32 + below(20), count} : Cells{below(20), count};
          command.fails = below(12) == 0;
          command.access =
              std::array{Access::write, Access::read_write, Access::write_some}.at(below(3));
          bench.copy(stream, *command.from, command.to, command.fails, command.access);
          failures += command.fails;
          pending.push_back(command);
        }
      }
    }
    stream.flush();
    settle();
    if (below(8) == 0) {
      const Cells to = some(0, bench.cells, 12);
      const std::vector<std::byte> bytes(to.count * kCell, std::byte{9});
      stream.upload(bytes, bench.range(to), nullptr);
      for (auto i = to.begin; i < to.end(); ++i) model[i] = {0x09090909u, false};
    }
    for (int read = 0; read < 6; ++read) {
      const Cells cells = some(0, bench.cells, 4);
      bool has_failed = false;
      for (auto i = cells.begin; i < cells.end(); ++i) has_failed |= model[i].has_failed;
      const bool throws = failure_of([&] { wait_for_writes(bench.range(cells)); }) != "";
      REQUIRE(throws == has_failed);
      ++reads;
      threw += throws;
      if (throws) continue;
      for (auto i = cells.begin; i < cells.end(); ++i) {
        REQUIRE(bench.cell(i)[random() % kLanes] == model[i].value);
      }
    }
  }
  CHECK(failures > 30);
  CHECK(threw > reads / 20);
  CHECK(threw < reads - reads / 20);
}
#endif
