// Programs between threads: replays, rebinding and recording at the same time.
#include <foundry/foundry.hpp>

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace foundry;

namespace {

struct Accumulate {
  In<f32> x;
  InOut<f32> y;
  Scalar<float> a;

  static constexpr auto source = msl("if (gid < y_size) y[gid] += a * x[gid];");
  DispatchConfig dispatch_config() const { return per_element(y.count()); }
};
FOUNDRY_KERNEL(Accumulate, x, y, a);

Tensor<f32, Dedicated, Shared> of(Foundry& foundry, float value, const char* name) {
  return foundry.tensor<f32>({64}, from(std::vector<float>(64, value)), name);
}

}  // namespace

TEST_CASE("a program replayed by several threads is replayed whole each time") {
  Foundry foundry;
  const auto x = of(foundry, 1.0f, "x");
  const auto y = of(foundry, 0.0f, "y");
  const auto z = of(foundry, 0.0f, "z");
  Program step = foundry.record([&] {
    foundry.run(Accumulate{x, y, Parameter("a")});
    foundry.run(Accumulate{x, z, Parameter("a")});
  });
  constexpr int kThreads = 4, kReplays = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kReplays; ++i) step.replay({{"a", t + 1}});
    });
  }
  for (auto& thread : threads) thread.join();
  // Each replay adds one thread's value to both: sums of small integers, exact in f32.
  CHECK(y.host()[0] == kReplays * (1.0f + 2.0f + 3.0f + 4.0f));
  CHECK(z.host()[63] == y.host()[63]);
}

TEST_CASE("threads record, run, replay and bind at the same time") {
  Foundry foundry;
  const auto x = of(foundry, 1.0f, "x");
  const auto shared = of(foundry, 0.0f, "shared");
  Program step = foundry.record([&] { foundry.run(Accumulate{x, shared, Parameter("a")}); });
  constexpr int kRounds = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      const auto own = of(foundry, 0.0f, "own");
      for (int i = 0; i < kRounds; ++i) {
        Program mine = foundry.record([&] { foundry.run(Accumulate{x, own, 1.0f}); });
        mine.replay();
        foundry.run(Accumulate{x, own, 1.0f});
        step.replay({{"a", 1}});
      }
      CHECK(own.host()[0] == 2.0f * kRounds);
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < kRounds; ++i) {
      step.bind("x", of(foundry, 1.0f, "another"));
      (void)step.tensor("x");
      (void)to_string(step);
    }
  });
  for (auto& thread : threads) thread.join();
  CHECK(shared.host()[0] == 3.0f * kRounds);
}
