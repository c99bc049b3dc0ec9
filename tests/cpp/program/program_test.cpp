// Programs: recording, replay with other scalars and tensors, holders, errors.
#include <foundry/foundry.hpp>

#include <optional>
#include <thread>

#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

struct Axpy {
  In<f32> x;
  InOut<f32> y;
  Scalar<float> a;

  static constexpr auto source = msl("if (gid < y_size) y[gid] = a * x[gid] + y[gid];");
  DispatchConfig dispatch_config() const { return per_element(y.count()); }
};
FOUNDRY_KERNEL(Axpy, x, y, a);

Tensor<f32, Pooled, Shared> filled(Arena& arena, std::size_t count, float value, const char* name) {
  auto tensor = AnyTensor::pooled(arena, {count}, DType::f32, name);
  for (float& v : tensor.host_mutable<float>()) v = value;
  return Tensor<f32, Pooled, Shared>(tensor);
}

Arena& fresh_pool() {
  static int number = 0;
  return runtime().arena(concat("programs ", number++));
}

}  // namespace

TEST_CASE("a recording does not run, each replay does") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  const auto x = filled(arena, 100, 1.0f, "x");
  const auto y = filled(arena, 100, 0.0f, "y");
  const auto before = foundry.stream().statistics().dispatches;
  Program step = foundry.record([&] { foundry.run(Axpy{x, y, 2.0f}); }, "step");
  CHECK(foundry.stream().statistics().dispatches == before);
  CHECK(y.host()[0] == 0.0f);

  step.replay();
  CHECK(y.host()[99] == 2.0f);
  step.replay();
  step.replay();
  CHECK(y.host()[0] == 6.0f);
  CHECK(foundry.stream().statistics().dispatches == before + 3);
  // Dispatches after the block run at once again.
  foundry.run(Axpy{x, y, 1.0f});
  CHECK(y.host()[0] == 7.0f);
  CHECK(to_string(step) == "program 'step': 1 dispatches, 0 barriers, 2 tensors");
}

TEST_CASE("a parameter takes a new value at each replay, and keeps it") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  const auto x = filled(arena, 33, 1.0f, "x");
  const auto y = filled(arena, 33, 0.0f, "y");
  const auto z = filled(arena, 33, 0.0f, "z");
  const Parameter a("a");
  Program step = foundry.record(
      [&] {
        foundry.run(Axpy{x, y, a});
        foundry.run(Axpy{y, z, a + 1});
        foundry.run(Axpy{x, z, Parameter("b")});
      },
      "step");
  CHECK(step.parameters() == std::vector<std::string>{"a", "b"});
  CHECK(step.tensors() == std::vector<std::string>{"x", "y", "z"});
  CHECK(step.size() == 3);
  CHECK(step.barriers() == 2);  // y between the first two, z between the last two

  CHECK_THROWS_WITH_AS(step.replay({{"a", 2}}),
                       "program 'step': parameter 'b' has no value; the first replay gives it one",
                       ArgumentError);
  CHECK(y.host()[0] == 0.0f);
  step.replay({{"a", 2}, {"b", 0.5}});  // y = 2, z = 3 * 2 + 0.5
  CHECK(y.host()[32] == 2.0f);
  CHECK(z.host()[32] == 6.5f);
  step.replay({{"b", 100.0f}});  // y = 4, z = 6.5 + 3 * 4 + 100
  CHECK(y.host()[0] == 4.0f);
  CHECK(z.host()[0] == 118.5f);
}

TEST_CASE("what a replay refuses leaves everything as it was") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  AnyTensor cache = AnyTensor::pooled(arena, {8, 1, 4}, DType::f32, "cache");
  AnyTensor values = AnyTensor::pooled(arena, {8, 1, 4}, DType::f32, "values");
  AnyTensor k = AnyTensor::pooled(arena, {2, 1, 4}, DType::f32, "k");
  Program write = foundry.record(
      [&] { foundry.run(ops::KvWrite{k, k, cache, values, Parameter("position")}); }, "write");
  const auto refused = [&](auto value, const char* message) {
    CHECK_THROWS_WITH(write.replay({{"position", value}}), message);
  };
  refused(-3,
          "program 'write': parameter 'position' is -3; expected an integer from 0 to 4294967295");
  refused(2.5,
          "program 'write': parameter 'position' is 2.5; expected an integer from 0 to 4294967295");
  refused(7,
          "program 'write': parameter 'position' is 7 for 2 tokens; cache (8, 1, 4) f32 has 8 "
          "positions");
  CHECK_THROWS_AS(write.replay({{"position", 7}}), ShapeError);
  CHECK_THROWS_WITH_AS(write.replay({{"offset", 1}}),
                       "program 'write' has no parameter 'offset'; there are 'position'",
                       ArgumentError);
  CHECK_NOTHROW(write.replay({{"position", 6}}));
  CHECK_THROWS_AS(write.replay({{"position", 9}}), ShapeError);
  CHECK_NOTHROW(write.replay());  // at 6 again
  foundry.synchronize();
}

TEST_CASE("a parameter outside of a recording is refused") {
  Arena& arena = fresh_pool();
  const auto x = filled(arena, 4, 1.0f, "x");
  CHECK_THROWS_WITH_AS(runtime().run(Axpy{x, x, Parameter("a")}),
                       "axpy: argument 'a' holds parameter 'a', which has a value only where a "
                       "recorded program is replayed",
                       ArgumentError);
}

TEST_CASE("recordings end once, on their thread, with something in them") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  const auto x = filled(arena, 4, 1.0f, "x");
  CHECK_THROWS_WITH_AS(foundry.record([] {}, "nothing"),
                       "record: no dispatch of 'nothing' was recorded", ArgumentError);
  CHECK_THROWS_WITH_AS(
      foundry.record([&] { (void)foundry.record([&] { foundry.run(Axpy{x, x, 1.0f}); }); }),
      "record: this thread is recording a program already", ArgumentError);
  Recording recording(foundry.encoder(), "once");
  foundry.run(Axpy{x, x, 1.0f});
  std::thread([&] {
    CHECK_THROWS_WITH_AS(recording.finish(), "record: a recording ends on the thread that began it",
                         ArgumentError);
    foundry.run(Axpy{x, x, 0.0f});  // another thread's dispatches run
  }).join();
  CHECK(recording.finish().size() == 1);
  CHECK_THROWS_WITH_AS(recording.finish(), "record: 'once' has ended already", ArgumentError);
  {
    const Recording dropped(foundry.encoder());
    foundry.run(Axpy{x, x, 1.0f});
  }
  foundry.run(Axpy{x, x, 1.0f});
  CHECK(x.host()[0] == 2.0f);
}

TEST_CASE("errors of a dispatch show while recording") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  const auto x = filled(arena, 4, 1.0f, "x");
  CHECK_THROWS_WITH_AS(foundry.record([&] { foundry.run(ops::Add{x, x, AnyTensor()}); }),
                       doctest::Contains("y is missing"), ArgumentError);
  // And the thread is not left recording.
  foundry.run(Axpy{x, x, 0.0f});
  CHECK(x.host()[0] == 1.0f);
}

TEST_CASE("a program holds its tensors, and says so") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  {
    std::optional<Program> step;
    {
      const auto y = filled(arena, 64, 0.0f, "y");
      const auto x = filled(arena, 64, 3.0f, "x");
      step = foundry.record([&] { foundry.run(Axpy{x, y, 1.0f}); });
    }
    foundry.synchronize();
    CHECK_THROWS_WITH_AS(arena.reset(), doctest::Contains("y (64,) f32 by a recorded program"),
                         ArenaInUseError);
    step->replay();
    const AnyTensor y = step->tensor("y");
    CHECK(y.host<float>()[63] == 3.0f);
    step->replay();
    step.reset();  // the command buffer goes on
  }
  foundry.synchronize();
  CHECK_NOTHROW(arena.reset());
}

TEST_CASE("a scope that ends under a program retires its memory, no more") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  std::optional<Program> step;
  {
    const ArenaScope scope(arena);
    const auto x = filled(arena, 64, 1.0f, "x");
    const auto y = filled(arena, 64, 0.0f, "y");
    step = foundry.record([&] { foundry.run(Axpy{x, y, 1.0f}); });
  }
  const auto other = filled(arena, 64, 9.0f, "other");
  step->replay();
  const AnyTensor kept = step->tensor("y");
  CHECK(kept.host<float>()[0] == 1.0f);
  CHECK(other.host()[0] == 9.0f);
}

TEST_CASE("a tensor bound by name takes the place of its views too") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  const auto x = filled(arena, 8, 1.0f, "x");
  const auto y = filled(arena, 8, 0.0f, "y");
  Program step = foundry.record(
      [&] {
        foundry.run(Axpy{x, y, 1.0f});
        foundry.run(Axpy{x.slice(0, 0, 4), y.slice(0, 4, 8), 10.0f});
      },
      "step");
  const auto z = filled(arena, 8, 0.0f, "z");
  step.bind("y", z);
  step.replay();
  CHECK(y.host()[0] == 0.0f);
  CHECK(z.host()[3] == 1.0f);
  CHECK(z.host()[4] == 11.0f);
  CHECK(step.tensor("y").name() == "z");

  const auto refused = [&](const AnyTensor& tensor, const char* message) {
    CHECK_THROWS_WITH(step.bind("y", tensor), message);
  };
  refused(AnyTensor::pooled(arena, {8}, DType::f16, "h"),
          "program 'step': bind 'y': expected y (8,) f32, got h (8,) f16");
  refused(AnyTensor::pooled(arena, {7}, DType::f32, "s"),
          "program 'step': bind 'y': expected y (8,) f32, or more of its outermost dimension, got "
          "s (7,) f32");
  refused(AnyTensor::pooled(arena, {8, 1}, DType::f32, "r"),
          "program 'step': bind 'y': expected y (8,) f32, or more of its outermost dimension, got "
          "r (8, 1) f32");
  CHECK_THROWS_WITH_AS(
      step.bind("y", AnyTensor::pooled(arena, {16}, DType::f32, "wide").slice(0, 8, 16)),
      doctest::Contains("is a part of a tensor"), ShapeError);
  CHECK_THROWS_WITH_AS(step.bind("w", z), "program 'step' has no tensor 'w'; there are 'x', 'y'",
                       ArgumentError);
  // Aliased now: the hazard between the two dispatches is found anew.
  step.bind("x", z);
  CHECK(step.barriers() == 1);
}

TEST_CASE("a grown cache gives positions more room, and the old one is let go") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  Arena& old_pool = fresh_pool();
  const auto cache_of = [&](Arena& from, std::uint64_t capacity, const char* name) {
    AnyTensor tensor = AnyTensor::pooled(from, {capacity, 1, 2}, DType::f32, name);
    for (float& v : tensor.host_mutable<float>()) v = 0.0f;
    return tensor;
  };
  const auto k = filled(arena, 2, 5.0f, "k");
  std::optional<Program> write;
  {
    const AnyTensor keys = cache_of(old_pool, 4, "keys");
    const AnyTensor values = cache_of(old_pool, 4, "values");
    write = foundry.record(
        [&] {
          foundry.run(ops::KvWrite{k.reshape({1, 1, 2}), k.reshape({1, 1, 2}), keys, values,
                                   Parameter("position")});
        },
        "write");
    write->replay({{"position", 3}});
    CHECK(keys.host<float>()[7] == 5.0f);
    CHECK_THROWS_WITH_AS(write->replay({{"position", 4}}),
                         "program 'write': parameter 'position' is 4 for 1 token; keys (4, 1, 2) "
                         "f32 has 4 positions",
                         ShapeError);
  }
  const AnyTensor keys = cache_of(arena, 16, "grown keys");
  write->bind("keys", keys);
  write->bind("values", cache_of(arena, 16, "grown values"));
  foundry.synchronize();
  CHECK_NOTHROW(old_pool.reset());
  write->replay({{"position", 15}});
  CHECK(keys.host<float>()[31] == 5.0f);
  CHECK(keys.host<float>()[7] == 0.0f);
  CHECK_THROWS_AS(write->replay({{"position", 16}}), ShapeError);
}

TEST_CASE("a replay is ordered with what runs around it") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  const auto x = filled(arena, 2000, 1.0f, "x");
  const auto y = filled(arena, 2000, 0.0f, "y");
  Program doubles = foundry.record([&] { foundry.run(Axpy{y, y, 1.0f}); });
  double expected = 0.0;
  for (int i = 0; i < 10; ++i) {
    foundry.run(Axpy{x, y, 1.0f});
    doubles.replay();
    expected = 2.0 * (expected + 1.0);
  }
  CHECK(static_cast<double>(y.host()[1999]) == expected);
  // The host's writes wait for a replay's reads.
  doubles.replay();
  for (float& v : y.host_mutable()) v = 1.0f;
  doubles.replay();
  CHECK(y.host()[0] == 2.0f);
}

TEST_CASE("replays equal runs, over random programs") {
  Foundry& foundry = runtime();
  for (unsigned seed = 0; seed < 20; ++seed) {
    Random random(seed);
    Arena& arena = fresh_pool();
    constexpr std::size_t kTensors = 5;
    const std::size_t count = 1 + random.below(300);
    std::vector<Tensor<f32, Pooled, Shared>> run, replayed;
    for (std::size_t i = 0; i < kTensors; ++i) {
      const auto value = static_cast<float>(random.below(4));
      run.push_back(filled(arena, count, value, concat("run ", i).c_str()));
      replayed.push_back(filled(arena, count, value, concat("replayed ", i).c_str()));
    }
    struct Op {
      std::size_t from, to;
      bool is_parameter;
    };
    std::vector<Op> graph;
    for (std::uint32_t i = 0; i < 1 + random.below(12); ++i) {
      graph.push_back({random.below(kTensors), random.below(kTensors), random.below(2) == 0});
    }
    // One that uses the parameter for certain.
    graph.push_back({0, 1, true});
    Program program = foundry.record([&] {
      for (const Op& op : graph) {
        const Scalar<float> a = op.is_parameter ? Scalar<float>(Parameter("a")) : 0.25f;
        foundry.run(Axpy{replayed[op.from], replayed[op.to], a});
      }
    });
    for (int round = 0; round < 3; ++round) {
      const auto value = static_cast<float>(random.uniform(-1.0, 1.0));
      for (const Op& op : graph) {
        foundry.run(Axpy{run[op.from], run[op.to], op.is_parameter ? value : 0.25f});
      }
      program.replay({{"a", value}});
    }
    for (std::size_t i = 0; i < kTensors; ++i) {
      CHECK(std::ranges::equal(run[i].host(), replayed[i].host()));
    }
  }
}

TEST_CASE("a range of replays signals each one") {
  Foundry& foundry = runtime();
  Arena& arena = fresh_pool();
  const auto x = filled(arena, 10, 1.0f, "x");
  const auto y = filled(arena, 10, 0.0f, "y");
  Program step = foundry.record([&] { foundry.run(Axpy{x, y, Parameter("a")}); }, "step");
  const SharedEvent event(foundry.device());
  const auto before = foundry.stream().statistics().command_buffers;
  step.replay_range("a", 1, 100, &event);
  CHECK(foundry.stream().statistics().command_buffers == before + 1);
  event.wait(101, foundry.stream());
  CHECK(event.value() == 101);
  CHECK(y.host()[0] == 5050.0f);
  CHECK_THROWS_WITH_AS(step.replay_range("a", 1, 0), "program 'step': a range of 0 replays",
                       ArgumentError);
}
