// Random sequences of arena operations against a model: a list of the ranges that are held.
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/memory/arena_pool.hpp"

using namespace foundry;

namespace {

/// What the test holds, with the byte pattern it wrote: memory handed out twice would show.
struct Held {
  Lease lease;
  std::vector<KeepAlive> arrays;
  std::byte pattern;
};

class Model {
 public:
  Model(unsigned seed, std::uint64_t cap)
      : random_(seed), pool_(Device::system_default(), {"model", StorageMode::shared, 8192, cap}) {}

  void step() {
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        allocate();
        break;
      case 5:
      case 6:
        drop();
        break;
      case 7:
        hold_as_array();
        break;
      case 8:
        scopes_.emplace_back(std::make_unique<ArenaScope>(pool_));
        break;
      case 9:
      case 10:
        leave_scope();
        break;
      case 11:
        pick(4) == 0 ? reset() : pool_.trim();
        break;
    }
    check();
  }

 private:
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  void allocate() {
    const std::uint64_t bytes = pick(8) == 0 ? 1 + pick(20000) : 1 + pick(1500);
    std::optional<Lease> lease;
    try {
      lease = pool_.allocate(bytes);
    } catch (const OutOfMemoryError&) {
      return;
    }
    REQUIRE(lease->length() == bytes);
    REQUIRE(lease->offset() % ArenaPool::kAlignment == 0);
    REQUIRE(lease->offset() + bytes <= lease->buffer().length());
    const std::uint64_t begin = lease->buffer().host().address() + lease->offset();
    for (const Held& held : held_) {
      const std::uint64_t other = held.lease.buffer().host().address() + held.lease.offset();
      REQUIRE((begin + bytes <= other || other + held.lease.length() <= begin));
    }
    const auto pattern = static_cast<std::byte>(random_());
    for (std::byte& byte : lease->buffer().host().mutable_bytes(lease->offset(), bytes)) {
      byte = pattern;
    }
    held_.push_back({std::move(*lease), {}, pattern});
  }
  void drop() {
    if (held_.empty()) return;
    const auto at = held_.begin() + static_cast<std::ptrdiff_t>(pick(held_.size()));
    for (const std::byte byte :
         at->lease.buffer().host().bytes(at->lease.offset(), at->lease.length())) {
      REQUIRE(byte == at->pattern);
    }
    held_.erase(at);
  }
  void hold_as_array() {
    if (held_.empty()) return;
    Held& held = held_[pick(held_.size())];
    held.arrays.push_back(held.lease.held_by(Holder::array()));
  }
  void leave_scope() {
    if (scopes_.empty()) return;
    // Mostly the innermost; scopes left out of order are safe too.
    const std::size_t at = pick(6) == 0 ? pick(scopes_.size()) : scopes_.size() - 1;
    scopes_.erase(scopes_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void reset() {
    if (held_.empty()) {
      pool_.reset();
      CHECK(pool_.statistics().retired == 0);
    } else {
      CHECK_THROWS_AS(pool_.reset(), PoolInUseError);
    }
  }
  void check() {
    const ArenaStatistics statistics = pool_.statistics();
    std::uint64_t bytes = 0;
    for (const Held& held : held_) bytes += held.lease.length();
    REQUIRE(statistics.leased_bytes == bytes);
    REQUIRE(statistics.leases == held_.size());
    REQUIRE(statistics.retired <= held_.size());
    REQUIRE((statistics.cap_bytes == 0 || statistics.reserved_bytes <= statistics.cap_bytes));
  }

  std::mt19937 random_;
  ArenaPool pool_;
  std::vector<Held> held_;
  std::vector<std::unique_ptr<ArenaScope>> scopes_;
};

}  // namespace

TEST_CASE("random sequences never hand out held bytes, and keep the books") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    Model model(seed, seed % 3 == 0 ? 0 : 40000 + seed * 1000);
    for (int step = 0; step < 400; ++step) model.step();
  }
}

TEST_CASE("a decode loop in scopes reaches a steady state") {
  ArenaPool pool(Device::system_default(), {"steps", StorageMode::shared, 1 << 16, 0});
  std::uint64_t reserved = 0;
  for (int step = 0; step < 50; ++step) {
    const ArenaScope scope(pool);
    for (int i = 1; i < 30; ++i) (void)pool.allocate(static_cast<std::uint64_t>(i) * 1000);
    if (step == 0) reserved = pool.statistics().reserved_bytes;
    CHECK(pool.statistics().reserved_bytes == reserved);
  }
}
