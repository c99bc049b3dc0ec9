// What executing a dispatch costs; $ANVIL_THREADS says on how many threads.
#include <foundry/foundry.hpp>

#include <cstdio>
#include <exception>
#include <thread>
#include <vector>

#include "cost.hpp"

using namespace foundry;

namespace {

struct EmptyParams {
  std::uint32_t threadgroups;
};

/// Does as good as nothing in threadgroups of one simdgroup.
struct Empty {
  InOut<f32> x;
  EmptyParams params;

  static constexpr auto source = msl("if (gid == 0) x[0] += 1.0f;");
  DispatchConfig dispatch_config() const { return threadgroups_of(1, params.threadgroups); }
};
FOUNDRY_KERNEL(Empty, x, params);

constexpr int kCalls = 2000;
constexpr int kRepeats = 20;

}  // namespace

int main() try {
  Foundry foundry;
  const auto x = foundry.tensor<f32>({1024}, from(std::vector<float>(1024, 1.0f)));
  std::vector<AnyTensor> others;
  for (int i = 0; i < 8; ++i) {
    others.push_back(foundry.tensor<f32>({1024}, from(std::vector<float>(1024, 1.0f))));
  }
  const auto run = [&](const AnyTensor& tensor, std::uint32_t threadgroups) {
    foundry.run(Empty{Tensor<f32, Dedicated, Shared>(tensor), {threadgroups}});
  };
  std::vector<bench::Cost> costs;
  const auto chain = [&](const char* name, std::uint32_t threadgroups, bool dependent) {
    costs.push_back(bench::measure(name, kCalls, kRepeats, [&] {
      for (int i = 0; i < kCalls; ++i) run(dependent ? x : others[i % 8], threadgroups);
      foundry.synchronize();
    }));
  };
  chain("1 threadgroup, each dispatch dependent on the one before", 1, true);
  chain("1 threadgroup, 8 dispatches independent of each other", 1, false);
  chain("16 threadgroups, each dispatch dependent", 16, true);
  chain("1000 threadgroups, each dispatch dependent", 1000, true);

  costs.push_back(bench::measure("two dependent dispatches and synchronize()", 200, kRepeats, [&] {
    for (int i = 0; i < 200; ++i) {
      run(x, 1);
      run(x, 1);
      foundry.synchronize();
    }
  }));
  costs.push_back(
      bench::measure("one dispatch and synchronize(), threads awake", 200, kRepeats, [&] {
        for (int i = 0; i < 200; ++i) {
          run(x, 16);
          foundry.synchronize();
        }
      }));
  // Everybody sleeps between the measurements: what is left is waking them.
  const auto woken = bench::measure(
      "one dispatch and synchronize(), threads asleep", 1, 60,
      [&] {
        run(x, 16);
        foundry.synchronize();
      },
      [] { std::this_thread::sleep_for(std::chrono::milliseconds(5)); });
  costs.push_back(woken);
  bench::print(costs);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
