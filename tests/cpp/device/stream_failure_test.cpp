// A command buffer that fails on the device. Anvil only: it compiles a kernel's second variant when
// a dispatch first needs it, so that taking the compiler away in between fails the command buffer.
// ANVIL_COMPILER names a link that the test makes and removes, FOUNDRY_TEST_COMPILER the program.
#ifndef __APPLE__
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "foundry/core/error.hpp"
#include "foundry/device/command_stream.hpp"

using namespace foundry;

namespace {

/// The compiler, as long as it lives.
class LentCompiler {
 public:
  LentCompiler() {
    const char* program = std::getenv("FOUNDRY_TEST_COMPILER");
    const char* link = std::getenv("ANVIL_COMPILER");
    REQUIRE(program != nullptr);
    REQUIRE(link != nullptr);
    link_ = link;
    std::filesystem::remove(link_);
    std::filesystem::create_symlink(program, link_);
  }
  ~LentCompiler() { std::filesystem::remove(link_); }

 private:
  std::string link_;
};

/// A kernel that no cache has: its number is this process's and this call's.
Pipeline fresh_kernel(const Device& device) {
  static int count = 0;
  const std::string number = std::to_string(::getpid()) + std::to_string(++count) + "u";
  return device
      .compile(
          "#include <metal_stdlib>\nusing namespace metal;\n"
          "kernel void stamp(device uint* x [[buffer(0)]], uint gid "
          "[[thread_position_in_grid]]) { x[gid] = " +
              number + "; }",
          "stamp.metal")
      .pipeline("stamp");
}

void run(CommandStream& stream, const Pipeline& pipeline, const Buffer& buffer) {
  const std::array bindings = {Binding::buffer(0, {&buffer, 0, 40}, Access::write, nullptr)};
  stream.dispatch(pipeline, bindings, GridSize::d1(10), ThreadgroupSize::d1(7));
}

}  // namespace

TEST_CASE("a failed command buffer is reported once, by number and kernel, and work goes on") {
  const Device device = Device::system_default();
  const Buffer buffer = device.make_buffer(64, StorageMode::shared);
  Pipeline first, second;
  {
    const LentCompiler compiler;
    first = fresh_kernel(device);
    second = fresh_kernel(device);
  }
  CommandStream stream(device);
  run(stream, first, buffer);
  try {
    stream.synchronize();
    FAIL("the failure went unreported");
  } catch (const DeviceError& error) {
    const std::string what = error.what();
    CHECK(what.find("command buffer ") == 0);
    CHECK(what.find(" (stamp): ") != std::string::npos);
    CHECK(what.find("anvil-compiler is gone") != std::string::npos);
  }
  stream.synchronize();
  wait_for_writes({&buffer, 0, 40});
  run(stream, second, buffer);
  wait_for_writes({&buffer, 60, 4});  // not its bytes
  CHECK_THROWS_AS(wait_for_writes({&buffer, 36, 4}), DeviceError);
  stream.synchronize();
  stream.fill({&buffer, 0, 40}, std::byte{3}, nullptr);
  wait_for_writes({&buffer, 0, 40});
  CHECK(buffer.host().bytes(39, 1)[0] == std::byte{3});
}
#endif
