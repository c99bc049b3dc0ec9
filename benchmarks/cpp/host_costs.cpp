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

}  // namespace

int main() try {
  constexpr int kCalls = 2000;
  constexpr int kRepeats = 20;
  Foundry foundry;
  std::vector<bench::Cost> costs;

  ArenaPool& arena = foundry.pool("bench");
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
  costs.push_back(bench::measure("pooled tensor, allocated and dropped", kCalls, kRepeats, [&] {
    const ArenaScope scope = foundry.scope();
    for (int i = 0; i < kCalls; ++i) (void)foundry.alloc<f32>({64});
  }));

  auto x = foundry.tensor<f32>({1024}, from(std::vector<float>(1024, 1.0f)));
  costs.push_back(bench::measure("view (slice)", kCalls, kRepeats, [&] {
    for (int i = 0; i < kCalls; ++i) (void)x.slice(0, 16, 512);
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

  bench::print(costs);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
