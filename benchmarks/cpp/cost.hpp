// Costs per call in nanoseconds: measured, and printed as one JSON object.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <vector>

namespace bench {

struct Cost {
  const char* name;
  double best;
  double median;
};

/// Runs `body` (which does `calls` calls) `repeats` times after once to warm up. `after` is not
/// timed.
inline Cost measure(
    const char* name, int calls, int repeats, const std::function<void()>& body,
    const std::function<void()>& after = [] {}) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int repeat = 0; repeat < repeats + 1; ++repeat) {
    const auto start = Clock::now();
    body();
    const std::chrono::duration<double, std::nano> elapsed = Clock::now() - start;
    after();
    if (repeat > 0) times.push_back(elapsed.count() / calls);
  }
  std::sort(times.begin(), times.end());
  return {name, times.front(), times[times.size() / 2]};
}

inline void print(const std::vector<Cost>& costs) {
  std::printf("{");
  const char* separator = "";
  for (const Cost& cost : costs) {
    std::printf("%s\"%s\": {\"best\": %.1f, \"median\": %.1f}", separator, cost.name, cost.best,
                cost.median);
    separator = ", ";
  }
  std::printf("}\n");
}

}  // namespace bench
