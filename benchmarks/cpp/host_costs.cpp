// Host costs per call in nanoseconds, as one JSON object: arena allocation, views, dispatch.
#include <foundry/foundry.hpp>

#include <cstdio>
#include <exception>
#include <vector>

#include "cost.hpp"

using namespace foundry;

namespace {

struct Empty {
  InOut<f32> x;

  static constexpr auto source = msl("if (gid == 0) x[0] += 1.0f;");
  DispatchConfig dispatch_config() const { return per_element(32); }
};
FOUNDRY_KERNEL(Empty, x);

struct Accumulate {
  In<f32> x;
  InOut<f32> y;
  Scalar<float> a;

  static constexpr auto source = msl("if (gid == 0) y[0] += a * x[0];");
  DispatchConfig dispatch_config() const { return per_element(32); }
};
FOUNDRY_KERNEL(Accumulate, x, y, a);

}  // namespace

int main() try {
  constexpr int kCalls = 2000;
  constexpr int kRepeats = 20;
  Foundry foundry;
  std::vector<bench::Cost> costs;

  Arena& arena = foundry.arena("bench");
  std::vector<Lease> leases;
  leases.reserve(kCalls);
  costs.push_back(bench::measure(
      "arena allocation", kCalls, kRepeats,
      [&] {
        for (int i = 0; i < kCalls; ++i) leases.push_back(arena.allocate(256));
      },
      [&] {
        leases.clear();
        arena.reset();
      }));
  Dimensions dimensions;
  dimensions.push_back(64);
  costs.push_back(bench::measure(
      "arena allocation with a label", kCalls, kRepeats,
      [&] {
        for (int i = 0; i < kCalls; ++i) {
          leases.push_back(arena.allocate(256, Label{"activations", "f32", dimensions}));
        }
      },
      [&] {
        leases.clear();
        arena.reset();
      }));
  costs.push_back(bench::measure("pooled tensor, allocated and dropped", kCalls, kRepeats, [&] {
    const ArenaScope scope = foundry.scope();
    for (int i = 0; i < kCalls; ++i) (void)foundry.alloc<f32>({64});
  }));

  auto x = foundry.tensor<f32>({1024}, from(std::vector<float>(1024, 1.0f)));
  costs.push_back(bench::measure("view (slice)", kCalls, kRepeats, [&] {
    for (int i = 0; i < kCalls; ++i) (void)x.slice(0, 16, 512);
  }));
  const auto fixed = x.as<Shape<1024>>();
  costs.push_back(bench::measure("view (slice of a static shape)", kCalls, kRepeats, [&] {
    for (int i = 0; i < kCalls; ++i) (void)fixed.slice<0, 16, 512>();
  }));
  costs.push_back(bench::measure("host read, nothing in flight", kCalls, kRepeats, [&] {
    for (int i = 0; i < kCalls; ++i) (void)x.host();
  }));

  foundry.run(Empty{x});
  foundry.synchronize();
  costs.push_back(bench::measure(
      "run(), encoding only", kCalls, kRepeats,
      [&] {
        for (int i = 0; i < kCalls; ++i) foundry.run(Empty{x});
      },
      [&] { foundry.synchronize(); }));
  costs.push_back(
      bench::measure("run() and execution, dependent dispatches", kCalls, kRepeats, [&] {
        for (int i = 0; i < kCalls; ++i) foundry.run(Empty{x});
        foundry.synchronize();
      }));
  costs.push_back(bench::measure("run() and synchronize()", 200, kRepeats, [&] {
    for (int i = 0; i < 200; ++i) {
      foundry.run(Empty{x});
      foundry.synchronize();
    }
  }));

  // As a decode step has them: neighbours of different kernels, on different buffers, with
  // constants.
  std::vector<Tensor<f32, Dedicated, Shared>> tensors;
  for (int i = 0; i < 8; ++i) {
    tensors.push_back(foundry.tensor<f32>({64}, from(std::vector<float>(64, 1.0f))));
  }
  const auto step = [&](int i, const Scalar<float>& a) {
    const auto& x = tensors[static_cast<std::size_t>(i) % 8];
    const auto& y = tensors[static_cast<std::size_t>(i + 1) % 8];
    if (i % 2 == 0) {
      foundry.run(Accumulate{x, y, a});
    } else {
      foundry.run(Empty{y});
    }
  };
  constexpr int kStep = 200;
  Program program = foundry.record([&] {
    for (int i = 0; i < kStep; ++i) step(i, Parameter("a"));
  });
  const int replays = kCalls / kStep;
  costs.push_back(bench::measure(
      "run() of a step, encoding only", kCalls, kRepeats,
      [&] {
        for (int i = 0; i < kCalls; ++i) step(i, 1.0f);
      },
      [&] { foundry.synchronize(); }));
  costs.push_back(bench::measure(
      "replay() of the step, per dispatch", kCalls, kRepeats,
      [&] {
        for (int i = 0; i < replays; ++i) program.replay({{"a", i}});
      },
      [&] { foundry.synchronize(); }));
  Program single = foundry.record([&] { foundry.run(Accumulate{x, x, Parameter("a")}); });
  costs.push_back(bench::measure(
      "replay() of one dispatch", kCalls, kRepeats,
      [&] {
        for (int i = 0; i < kCalls; ++i) single.replay({{"a", i}});
      },
      [&] { foundry.synchronize(); }));

  bench::print(costs);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
