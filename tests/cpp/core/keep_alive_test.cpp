#include "foundry/core/keep_alive.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "foundry/core/release_queue.hpp"

using namespace foundry;

namespace {

struct Flag {
  explicit Flag(bool& gone) : gone(gone) {}
  ~Flag() { gone = true; }
  bool& gone;
};

class Foreign final : public DeferredKeepable {
 public:
  explicit Foreign(std::atomic<int>& alive) : alive_(alive) { ++alive_; }
  ~Foreign() override { --alive_; }
  std::string describe() const override { return "foreign"; }

 private:
  std::atomic<int>& alive_;
};

std::atomic<int> hook_calls{0};

}  // namespace

TEST_CASE("a KeepAlive holds any object until it is dropped") {
  bool gone = false;
  KeepAlive first = KeepAlive::of(std::make_shared<Flag>(gone), "the flag");
  KeepAlive second(*first.target(), Holder::array());
  CHECK(second.describe() == "the flag by a numpy array");
  first.reset();
  CHECK_FALSE(gone);
  KeepAlive moved = std::move(second);
  CHECK_FALSE(second);
  moved = {};
  CHECK(gone);
  CHECK(moved.describe() == "nothing");
}

TEST_CASE("holders are named as errors name them") {
  CHECK(describe(Holder::tensor()) == "a tensor");
  CHECK(describe(Holder::view()) == "a view");
  CHECK(describe(Holder::array()) == "a numpy array");
  CHECK(describe(Holder::capsule()) == "a DLPack capsule");
  CHECK(describe(Holder::program()) == "a recorded program");
  CHECK(describe(Holder::command_buffer(17)) == "command buffer 17, still running");
}

TEST_CASE("foreign objects die where the queue is drained, never where they are dropped") {
  std::atomic<int> alive{0};
  set_release_hook([]() noexcept { ++hook_calls; });
  {
    std::vector<KeepAlive> claims;
    for (int i = 0; i < 400; ++i) claims.emplace_back(*new Foreign(alive), Holder::array());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&claims, t] {
        for (int i = t * 100; i < (t + 1) * 100; ++i) claims[static_cast<std::size_t>(i)].reset();
      });
    }
    for (auto& thread : threads) thread.join();
  }
  CHECK(alive == 400);
  CHECK(hook_calls == 1);
  CHECK(drain_released() == 400);
  CHECK(alive == 0);
  CHECK(drain_released() == 0);
  set_release_hook(nullptr);
}
