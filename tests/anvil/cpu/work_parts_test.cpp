#include "anvil/cpu/work_parts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

using namespace anvil;
using namespace anvil::cpu;

TEST_CASE("a thread alone takes everything, its own part in order and from the front") {
  for (const size_t threads : {1, 2, 3, 16}) {
    for (const uint32_t count : {0u, 1u, 2u, 5u, 16u, 17u, 1000u, 1u << 20}) {
      WorkParts parts(threads);
      parts.divide(count);
      std::vector<uint32_t> claims(count);
      size_t out_of_order = 0;
      uint32_t next = 0;
      const uint32_t own = static_cast<uint32_t>(count / std::min<uint64_t>(threads, count + 1));
      for (;;) {
        const WorkParts::Range range = parts.claim(0);
        if (range.count == 0) break;
        out_of_order += next < own && range.first != next;
        next += range.count;
        for (uint32_t i = 0; i < range.count; ++i) ++claims[range.first + i];
      }
      CHECK(out_of_order == 0);
      CHECK(claims == std::vector<uint32_t>(count, 1));
    }
  }
}

TEST_CASE("of many threads, late ones included, each number goes to one") {
  constexpr size_t kThreads = 4;
  constexpr int kRounds = 400;
  WorkParts parts(kThreads);
  std::vector<std::atomic<uint32_t>> claims(3000);
  std::atomic<uint64_t> left{0};
  std::atomic<bool> stop{false};
  const auto take_all = [&](size_t thread) {
    for (;;) {
      const WorkParts::Range range = parts.claim(thread);
      if (range.count == 0) return;
      for (uint32_t i = 0; i < range.count; ++i) ++claims[range.first + i];
      left -= range.count;
    }
  };
  // Helpers never wait for a division: some of their claims come late, for one that is over.
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < kThreads; ++i)
    helpers.emplace_back([&, i] {
      while (!stop) take_all(i);
    });
  std::mt19937 random(5);
  size_t wrong = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto count = static_cast<uint32_t>(random() % claims.size());
    for (auto& claim : claims) claim = 0;
    left = count;
    parts.divide(count);
    take_all(0);
    while (left > 0) std::this_thread::yield();
    for (size_t i = 0; i < claims.size(); ++i) wrong += claims[i] != (i < count ? 1u : 0u);
  }
  stop = true;
  for (auto& helper : helpers) helper.join();
  CHECK(wrong == 0);
}
