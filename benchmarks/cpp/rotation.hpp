// How every program times a matrix-vector product: cold, with as many copies of the weights as make
// 1 GiB taken in turn, and warm, with one copy again and again.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <vector>

namespace bench {

inline constexpr std::size_t kColdBytes = std::size_t{1} << 30;

/// Copies that the cold measurement goes through: two at least, 1 GiB together.
inline std::size_t copies_for(std::size_t bytes) {
  return std::max<std::size_t>((kColdBytes + bytes - 1) / bytes, 2);
}

/// Seconds of one product.
struct Times {
  double best = 0.0;
  double median = 0.0;
};

/// Runs `round`, which makes `calls` products, for about `seconds`, three times at least after one
/// that warms up.
inline Times time_rounds(std::size_t calls, double seconds, const std::function<void()>& round) {
  using Clock = std::chrono::steady_clock;
  const auto once = [&] {
    const auto start = Clock::now();
    round();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  once();
  std::vector<double> times;
  double total = 0.0;
  while (times.size() < 3 || (total < seconds && times.size() < 1000)) {
    times.push_back(once());
    total += times.back();
  }
  std::sort(times.begin(), times.end());
  const double calls_of_round = static_cast<double>(calls);
  return {times.front() / calls_of_round, times[times.size() / 2] / calls_of_round};
}

/// One JSON object: seconds per product, and `what` ran.
inline void print_times(std::size_t bytes, const char* what, const Times& cold, const Times& warm) {
  std::printf(
      "{\"ran\": \"%s\", \"bytes\": %zu, \"cold\": {\"best\": %.9f, \"median\": %.9f}, "
      "\"warm\": {\"best\": %.9f, \"median\": %.9f}}\n",
      what, bytes, cold.best, cold.median, warm.best, warm.median);
}

/// Times and prints. `product(i)` makes (or encodes) y = W x with copy i of the weights; `finish`
/// waits for all of them.
inline void time_products(std::size_t bytes, const char* what,
                          const std::function<void(std::size_t)>& product,
                          const std::function<void()>& finish) {
  const std::size_t copies = copies_for(bytes);
  const Times cold = time_rounds(copies, 0.5, [&] {
    for (std::size_t i = 0; i < copies; ++i) product(i);
    finish();
  });
  // A round of some 10 ms, in which the cost of starting and waiting does not show.
  const std::size_t calls =
      std::clamp<std::size_t>(static_cast<std::size_t>(0.01 / cold.best), 4, 2000);
  const Times warm = time_rounds(calls, 0.2, [&] {
    for (std::size_t i = 0; i < calls; ++i) product(0);
    finish();
  });
  print_times(bytes, what, cold, warm);
}

}  // namespace bench
