// Tensors, arenas and streams together: memory that dispatches in flight still use.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/device/command_stream.hpp"
#include "foundry/tensor/any_tensor.hpp"

using namespace foundry;

namespace {

const char* const kSource = R"(
#include <metal_stdlib>
using namespace metal;
kernel void add(device const uint* x [[buffer(0)]], device uint* y [[buffer(1)]],
                uint gid [[thread_position_in_grid]]) {
  y[gid] = 5 * y[gid] + x[gid];
}
)";

class Adder {
 public:
  Adder() : pipeline_(device().compile(kSource, "add.metal").pipeline("add")) {}
  static Device device() { return Device::system_default(); }
  void run(CommandStream& stream, const AnyTensor& x, const AnyTensor& y) const {
    const std::array bindings = {
        Binding::buffer(0, x.range(), Access::read, x.lease().target()),
        Binding::buffer(1, y.range(), Access::read_write, y.lease().target())};
    stream.dispatch(pipeline_, bindings, GridSize::d1(y.count()), ThreadgroupSize::d1(32));
  }

 private:
  Pipeline pipeline_;
};

}  // namespace

TEST_CASE("a dispatch holds its tensors until it is done, and the arena knows") {
  const Adder adder;
  Arena arena(Adder::device(), {"activations", StorageMode::shared, 1 << 16, 0});
  CommandStream stream(Adder::device());
  {
    const AnyTensor x = AnyTensor::pooled(arena, {64}, DType::u32, "x");
    const AnyTensor y = AnyTensor::pooled(arena, {64}, DType::u32, "y");
    adder.run(stream, x, y);
  }
  try {
    arena.reset();
    FAIL("reset under work in flight");
  } catch (const ArenaInUseError& error) {
    const std::string what = error.what();
    CHECK(what.find("cannot reset arena 'activations': 2 leases held (x (64,) u32 by command "
                    "buffer ") == 0);
    CHECK(what.find(", still running; y (64,) u32 by command buffer ") != std::string::npos);
  }
  stream.synchronize();
  arena.reset();
}

TEST_CASE("scopes may reuse what is in flight: the results are those of fresh memory") {
  constexpr std::uint32_t kCount = 256;
  const Adder adder;
  Arena arena(Adder::device(), {"steps", StorageMode::shared, 1 << 16, 0});
  CommandStream stream(Adder::device(), {.dispatches_per_command_buffer = 7});
  const AnyTensor sum = AnyTensor::dedicated(Adder::device(), {kCount}, DType::u32);
  std::vector<std::uint32_t> model(kCount, 1);
  sum.copy_from_host(stream, std::as_bytes(std::span(model)));
  for (std::uint32_t step = 0; step < 100; ++step) {
    const ArenaScope scope(arena);
    const AnyTensor input = AnyTensor::pooled(arena, {kCount}, DType::u32, "input");
    const AnyTensor scaled = AnyTensor::pooled(arena, {kCount}, DType::u32, "scaled");
    std::vector<std::uint32_t> values(kCount);
    std::iota(values.begin(), values.end(), step * 31);
    // The host writes bytes that earlier dispatches may still read: it waits for those alone.
    input.copy_from_host(stream, std::as_bytes(std::span(values)));
    stream.fill(scaled.range(), std::byte{0}, scaled.lease().target());
    adder.run(stream, input, scaled);
    adder.run(stream, scaled, sum);
    for (std::uint32_t i = 0; i < kCount; ++i) model[i] = 5 * model[i] + values[i];
  }
  CHECK(std::ranges::equal(sum.host<std::uint32_t>(), model));
  CHECK(arena.statistics().reserved_bytes == 1 << 16);
}
