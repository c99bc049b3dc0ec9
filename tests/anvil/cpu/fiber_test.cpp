#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "anvil/cpu/fiber.hpp"

using anvil::cpu::Fiber;

namespace {

struct Counter {
  Fiber* home;
  Fiber* self;
  std::vector<int> seen;
  bool aligned = false;

  static void run(void* argument) {
    auto* counter = static_cast<Counter*>(argument);
    alignas(16) volatile char probe[16];
    counter->aligned = reinterpret_cast<uintptr_t>(&probe) % 16 == 0;
    double fraction = 0.5;  // in a register across switches
    for (int i = 0; i < 3; ++i) {
      counter->seen.push_back(static_cast<int>(fraction * 2) + i);
      counter->self->switch_to(*counter->home);
    }
    counter->self->leave_to(*counter->home);
  }
};

}  // namespace

TEST_CASE("a fiber goes on where it was suspended, and starts anew on the same stack") {
  Fiber home, one(64 << 10), two(64 << 10);
  Counter a{&home, &one, {}}, b{&home, &two, {}};
  for (int round = 0; round < 100; ++round) {
    one.start(Counter::run, &a);
    two.start(Counter::run, &b);
    for (int i = 0; i < 3; ++i) {
      home.switch_to(one);
      home.switch_to(two);
    }
    CHECK(a.seen == std::vector<int>{1, 2, 3});
    CHECK(b.seen == a.seen);
    CHECK(a.aligned);
    a.seen.clear();
    b.seen.clear();
    if (round % 2) {  // every other time they are dropped half-way
      home.switch_to(one);
      home.switch_to(two);
    }
  }
}
