// Several threads on one arena. Run under ThreadSanitizer for the races, here for the results.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/memory/arena.hpp"

using namespace foundry;

TEST_CASE("threads that allocate, share, drop and leave scopes never see each other's bytes") {
  constexpr int kThreads = 4, kSteps = 3000;
  std::atomic<int> corrupted{0};
  {
    Arena arena(Device::system_default(), {"shared", StorageMode::shared, 16384, 0});
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 random(static_cast<unsigned>(t));
        const auto pattern = static_cast<std::byte>(t + 1);
        std::vector<Lease> held;
        std::vector<KeepAlive> arrays;
        for (int step = 0; step < kSteps; ++step) {
          const ArenaMark mark = arena.mark();
          Lease lease = arena.allocate(1 + random() % 700);
          for (auto& byte : lease.buffer().host().mutable_bytes(lease.offset(), lease.length())) {
            byte = pattern;
          }
          if (random() % 2) arrays.push_back(lease.held_by(Holder::array()));
          held.push_back(std::move(lease));
          if (random() % 4 == 0) arena.rewind(mark);
          if (random() % 64 == 0) (void)arena.statistics();
          if (random() % 128 == 0) arena.trim();
          if (held.size() > 20) {
            for (const Lease& old : held) {
              for (const auto byte : old.buffer().host().bytes(old.offset(), old.length())) {
                if (byte != pattern) ++corrupted;
              }
            }
            held.clear();
            arrays.clear();
          }
        }
      });
    }
    for (int i = 0; i < 200; ++i) {
      try {
        arena.reset();
      } catch (const ArenaInUseError&) {
      }
    }
    for (auto& thread : threads) thread.join();
    CHECK(arena.statistics().leases == 0);
    arena.reset();
  }
  CHECK(corrupted == 0);
}

TEST_CASE("the last lease may go on another thread than the arena") {
  for (int round = 0; round < 200; ++round) {
    auto arena = std::make_unique<Arena>(Device::system_default(),
                                         ArenaOptions{"brief", StorageMode::shared, 4096, 0});
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([lease = arena->allocate(64)]() mutable { lease = Lease(); });
    }
    arena.reset();
    for (auto& thread : threads) thread.join();
  }
}
