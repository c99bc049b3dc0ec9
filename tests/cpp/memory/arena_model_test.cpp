// Random sequences of arena operations against a model: a list of the ranges that are held.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/memory/arena.hpp"

using namespace foundry;

namespace {

/// A range that the test holds, with the byte pattern it wrote: memory handed out twice would show.
/// `lease` keeps the handle that reads it; `claims` are the holders beside it.
struct Held {
  Lease lease;
  std::vector<KeepAlive> claims;
  std::byte pattern{};
  std::uint64_t allocation = 0;
};

class Model {
 public:
  Model(unsigned seed, std::uint64_t cap)
      : random_(seed),
        arena_(Device::system_default(), {"model", StorageMode::shared, 8192, cap}) {}

  void step() {
    switch (pick(14)) {
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
        claim();
        break;
      case 8:
        scopes_.emplace_back(std::make_unique<ArenaScope>(arena_));
        break;
      case 9:
      case 10:
        leave_scope();
        break;
      case 11:
        pick(4) == 0 ? reset() : arena_.trim();
        break;
      case 12:
        dispatch();
        break;
      case 13:
        complete();
        break;
    }
    check();
  }

 private:
  /// What the books say of one range.
  using Row = std::pair<std::uint64_t, Holder::Kind>;

  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  void allocate() {
    const std::uint64_t bytes = pick(8) == 0 ? 1 + pick(20000) : 1 + pick(1500);
    std::optional<Lease> lease;
    try {
      lease = arena_.allocate(bytes);
    } catch (const OutOfMemoryError&) {
      return;
    }
    REQUIRE(lease->length() == bytes);
    REQUIRE(lease->offset() % Arena::kAlignment == 0);
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
    held_.push_back({std::move(*lease), {}, pattern, ++allocations_});
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
  /// Somebody else joins: a view, an array, a capsule, a program.
  void claim() {
    if (held_.empty()) return;
    constexpr std::array kOthers = {Holder::view(), Holder::array(), Holder::capsule(),
                                    Holder::program()};
    Held& held = held_[pick(held_.size())];
    held.claims.push_back(held.lease.held_by(kOthers[pick(kOthers.size())]));
  }
  /// A command buffer claims some ranges, and completes at some later step.
  void dispatch() {
    const std::uint64_t number = ++command_buffers_;
    auto& claims = running_.emplace_back();
    for (const Held& held : held_) {
      if (pick(3) != 0) continue;
      KeepAlive claim = held.lease.held_by(Holder::command_buffer(number));
      REQUIRE(claim);
      REQUIRE_FALSE(held.lease.held_by(Holder::command_buffer(number)));
      claims.emplace_back(held.allocation, std::move(claim));
    }
  }
  void complete() {
    if (!running_.empty()) running_.erase(running_.begin());
  }
  void leave_scope() {
    if (scopes_.empty()) return;
    // Mostly the innermost; scopes left out of order are safe too.
    const std::size_t at = pick(6) == 0 ? pick(scopes_.size()) : scopes_.size() - 1;
    scopes_.erase(scopes_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void reset() {
    if (rows().empty()) {
      arena_.reset();
      const ArenaStatistics statistics = arena_.statistics();
      CHECK(statistics.retired == 0);
      CHECK(statistics.available_bytes == statistics.reserved_bytes);
    } else {
      CHECK_THROWS_AS(arena_.reset(), ArenaInUseError);
    }
  }
  std::map<Row, std::uint32_t> rows() const {
    std::map<Row, std::uint32_t> rows;
    for (const Held& held : held_) {
      ++rows[{held.allocation, Holder::Kind::tensor}];
      for (const KeepAlive& claim : held.claims) ++rows[{held.allocation, claim.holder().kind}];
    }
    for (const auto& claims : running_) {
      for (const auto& [allocation, claim] : claims) {
        ++rows[{allocation, Holder::Kind::command_buffer}];
      }
    }
    return rows;
  }
  void check() {
    const ArenaStatistics statistics = arena_.statistics();
    std::uint64_t bytes = 0, padding = 0;
    for (const Held& held : held_) {
      bytes += held.lease.length();
      padding += (Arena::kAlignment - held.lease.length() % Arena::kAlignment) % Arena::kAlignment;
    }
    peak_ = std::max(peak_, bytes);
    REQUIRE(statistics.leased_bytes == bytes);
    REQUIRE(statistics.peak_leased_bytes == peak_);
    REQUIRE(statistics.alignment_bytes == padding);
    REQUIRE(statistics.allocations == allocations_);
    REQUIRE(statistics.leases == held_.size());
    REQUIRE(statistics.available_bytes <= statistics.reserved_bytes - bytes - padding);
    REQUIRE((statistics.cap_bytes == 0 || statistics.reserved_bytes <= statistics.cap_bytes));

    std::map<Row, std::uint32_t> listed;
    std::map<std::uint64_t, std::uint64_t> retired;  // bytes by allocation
    for (const ArenaHolder& holder : arena_.holders()) {
      listed[{holder.allocation, holder.holder.kind}] = holder.claims;
      if (holder.is_retired && holder.holder.kind == Holder::Kind::tensor) {
        retired[holder.allocation] = holder.bytes;
      }
    }
    REQUIRE(listed == rows());
    std::uint64_t retired_bytes = 0;
    for (const auto& [allocation, length] : retired) retired_bytes += length;
    REQUIRE(statistics.retired == retired.size());
    REQUIRE(statistics.retired_bytes == retired_bytes);
  }

  std::mt19937 random_;
  Arena arena_;
  std::vector<Held> held_;
  std::vector<std::unique_ptr<ArenaScope>> scopes_;
  std::vector<std::vector<std::pair<std::uint64_t, KeepAlive>>> running_;  // by allocation
  std::uint64_t allocations_ = 0;
  std::uint64_t command_buffers_ = 0;
  std::uint64_t peak_ = 0;
};

}  // namespace

TEST_CASE("random sequences never hand out held bytes, and keep the books") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    Model model(seed, seed % 3 == 0 ? 0 : 40000 + seed * 1000);
    for (int step = 0; step < 400; ++step) model.step();
  }
}

TEST_CASE("a decode loop in scopes reaches a steady state") {
  Arena arena(Device::system_default(), {"steps", StorageMode::shared, 1 << 16, 0});
  std::uint64_t reserved = 0;
  for (int step = 0; step < 50; ++step) {
    const ArenaScope scope(arena);
    for (int i = 1; i < 30; ++i) (void)arena.allocate(static_cast<std::uint64_t>(i) * 1000);
    if (step == 0) reserved = arena.statistics().reserved_bytes;
    CHECK(arena.statistics().reserved_bytes == reserved);
  }
}
