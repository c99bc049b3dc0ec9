#include "foundry/core/waiting.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

using namespace foundry;

namespace {
std::atomic<int> entered, left, polled;
bool interrupt = false;

struct Hooked {
  Hooked() {
    entered = left = polled = 0;
    set_wait_hooks({[]() noexcept -> void* { return (++entered, nullptr); },
                    [](void*) {
                      ++polled;
                      if (interrupt) throw std::runtime_error("interrupted");
                    },
                    [](void*) noexcept { ++left; }});
  }
  ~Hooked() { set_wait_hooks({}); }
};
}  // namespace

TEST_CASE("a wait that is over at once runs no hook") {
  const Hooked hooked;
  std::mutex mutex;
  std::condition_variable changed;
  std::unique_lock lock(mutex);
  wait_until(lock, changed, [] { return true; });
  CHECK(lock.owns_lock());
  CHECK(entered == 0);
}

TEST_CASE("a wait brackets itself with the hooks, its lock released") {
  const Hooked hooked;
  interrupt = false;
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  std::thread setter([&] {
    const std::lock_guard guard(mutex);
    ready = true;
    changed.notify_all();
  });
  {
    std::unique_lock lock(mutex);
    wait_until(lock, changed, [&] { return ready; });
    CHECK(lock.owns_lock());
  }
  setter.join();
  CHECK(entered == left);
}

TEST_CASE("a hook that throws abandons the wait, and the wait still leaves") {
  const Hooked hooked;
  interrupt = true;
  std::mutex mutex;
  std::condition_variable changed;
  std::unique_lock lock(mutex);
  CHECK_THROWS_WITH(wait_until(lock, changed, [] { return false; }), "interrupted");
  CHECK_FALSE(lock.owns_lock());
  CHECK(entered == 1);
  CHECK(left == 1);
  CHECK(polled == 1);
}
