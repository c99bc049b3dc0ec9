// Threads that allocate, view, dispatch, complete, release, scope and reset at random on one arena,
// each with a stream of its own, against a model: the values that every tensor must have.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "foundry/foundry.hpp"

using namespace foundry;

namespace {

struct Mix {
  In<u32> x;
  InOut<u32> y;

  static constexpr auto source = msl("if (gid < y_size) y[gid] = 5 * y[gid] + x[gid % x_size];");
  DispatchConfig dispatch_config() const { return per_element(y.count()); }
};
FOUNDRY_KERNEL(Mix, x, y);

/// A tensor or a view, or what a numpy array would keep of one, and what its elements are worth.
struct Held {
  std::optional<AnyTensor> tensor;  // none: only `array` holds it
  KeepAlive array;
  Buffer buffer;
  std::uint64_t offset = 0;  // bytes
  std::shared_ptr<std::vector<u32>> values;
  std::size_t begin = 0, count = 0;  // in `values`
};

class Worker {
 public:
  Worker(Arena& arena, unsigned seed, std::atomic<int>& wrong)
      : arena_(&arena), random_(seed), wrong_(&wrong) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    for (const Held& held : held_) check(held);
    held_.clear();
    scopes_.clear();
    foundry_.synchronize();
  }

 private:
  std::size_t pick(std::size_t n) { return random_() % n; }
  Held& any() { return held_[pick(held_.size())]; }

  void step() {
    const std::size_t action = pick(20);
    if (action < 5 || held_.empty()) {
      allocate();
    } else if (action < 7) {
      view();
    } else if (action < 11) {
      dispatch();
    } else if (action < 12) {
      write();
    } else if (action < 13) {
      check(any());
    } else if (action < 14) {
      become_array();
    } else if (action < 16) {
      release();
    } else if (action < 17) {
      if (scopes_.size() < 3) scopes_.push_back(std::make_unique<ArenaScope>(*arena_));
    } else if (action < 18) {
      if (!scopes_.empty()) scopes_.pop_back();
    } else if (action < 19) {
      reset();
    } else {
      pick(2) ? foundry_.flush() : foundry_.synchronize();
    }
    if (held_.size() > 24) release();
  }

  void allocate() {
    auto values = std::make_shared<std::vector<u32>>(1 + pick(600));
    for (u32& value : *values) value = static_cast<u32>(random_());
    const AnyTensor tensor = AnyTensor::pooled(*arena_, {values->size()}, DType::u32);
    tensor.copy_from_host(foundry_.stream(), std::as_bytes(std::span(*values)));
    hold(tensor, values, 0);
  }
  void hold(const AnyTensor& tensor, std::shared_ptr<std::vector<u32>> values, std::size_t begin) {
    held_.push_back({tensor,
                     {},
                     tensor.buffer(),
                     tensor.byte_offset(),
                     std::move(values),
                     begin,
                     tensor.count()});
  }
  void view() {
    const Held& of = any();
    if (!of.tensor) return;
    const auto start = static_cast<std::int64_t>(pick(of.count));
    const auto stop = start + 1 + static_cast<std::int64_t>(pick(of.count - pick(of.count)));
    const auto end = std::min(stop, static_cast<std::int64_t>(of.count));
    hold(of.tensor->slice(0, start, end), of.values, of.begin + static_cast<std::size_t>(start));
  }
  void dispatch() {
    const Held &x = any(), &y = any();
    if (!x.tensor || !y.tensor || x.values == y.values) return;
    foundry_.run(Mix{*x.tensor, *y.tensor});
    for (std::size_t i = 0; i < y.count; ++i) {
      u32& value = (*y.values)[y.begin + i];
      value = 5 * value + (*x.values)[x.begin + i % x.count];
    }
  }
  void write() {
    const Held& held = any();
    if (!held.tensor) return;
    const std::size_t at = pick(held.count);
    const auto value = static_cast<u32>(random_());
    held.tensor->host_mutable<u32>()[at] = value;
    (*held.values)[held.begin + at] = value;
  }
  /// As a numpy array of a tensor that Python lets go of.
  void become_array() {
    Held& held = any();
    if (!held.tensor) return;
    held.array = held.tensor->lease().held_by(Holder::array());
    held.tensor.reset();
  }
  void check(const Held& held) {
    const std::uint64_t length = held.count * sizeof(u32);
    wait_for_writes({&held.buffer, held.offset, length});
    const auto have = unsafe::view_as<u32>(held.buffer.host().bytes(held.offset, length));
    const auto want = std::span(*held.values).subspan(held.begin, held.count);
    if (!std::ranges::equal(have, want)) ++*wrong_;
  }
  void release() {
    const std::size_t at = pick(held_.size());
    check(held_[at]);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void reset() {
    const bool holds = !held_.empty();
    try {
      arena_->reset();
      if (holds) ++*wrong_;
    } catch (const ArenaInUseError&) {
      // By this thread, another, or a command buffer.
    }
  }

  Arena* arena_;
  std::mt19937 random_;
  std::atomic<int>* wrong_;
  Foundry foundry_;
  std::vector<Held> held_;
  std::vector<std::unique_ptr<ArenaScope>> scopes_;
};

}  // namespace

TEST_CASE("whatever threads do with one arena, every tensor has the values of the model") {
  for (unsigned round = 0; round < 4; ++round) {
    Arena arena(Device::system_default(), {"shared", StorageMode::shared, 1 << 14, 0});
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] { Worker(arena, 100 * round + t, wrong).run(1500); });
    }
    for (auto& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(arena.holders().empty());
    arena.reset();
    const ArenaStatistics statistics = arena.statistics();
    CHECK(statistics.leased_bytes + statistics.alignment_bytes + statistics.stranded_bytes == 0);
  }
}

TEST_CASE("one thread alone, long sequences") {
  Arena arena(Device::system_default(), {"alone", StorageMode::shared, 1 << 13, 0});
  std::atomic<int> wrong{0};
  for (unsigned seed = 1; seed < 6; ++seed) Worker(arena, seed, wrong).run(1500);
  CHECK(wrong == 0);
  arena.reset();
}
