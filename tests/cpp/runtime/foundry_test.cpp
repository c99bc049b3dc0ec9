#include <array>
#include <thread>

#include "support.hpp"

using namespace foundry;
using namespace foundry::test;

namespace {

struct ScaledAddParams {
  std::uint32_t count;
  float alpha;
};

struct ScaledAdd {
  In<f16> x;
  std::optional<In<f32>> bias;
  Out<f16> y;
  ScaledAddParams params;

  static constexpr auto source = msl(R"(
    if (gid >= params.count) return;
    float value = params.alpha * float(x[gid]);
    if (has_bias) value += bias[gid];
    y[gid] = half(value);
  )");
  DispatchConfig dispatch_config() const { return per_element(params.count); }
};
FOUNDRY_KERNEL(ScaledAdd, x, bias, y, params);

struct BlockSum {
  In<f32> x;
  Out<f32> y;
  ThreadgroupMemory<float> partial;
  Constant<std::uint32_t> width;

  static constexpr auto source = msl(R"(
    const uint lane = thread_position_in_threadgroup.x;
    partial[lane] = gid < x_size ? x[gid] : 0.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint half_width = width / 2; half_width > 0; half_width /= 2) {
      if (lane < half_width) partial[lane] += partial[lane + half_width];
      threadgroup_barrier(mem_flags::mem_threadgroup);
    }
    if (lane == 0) y[threadgroup_position_in_grid.x] = partial[0];
  )");
  DispatchConfig dispatch_config() const {
    return {GridSize::threadgroups(y.count()), ThreadgroupSize::d1(width.value)};
  }
};
FOUNDRY_KERNEL(BlockSum, x, y, partial, width);

}  // namespace

TEST_CASE("a kernel struct runs on one line, with and without its optional argument") {
  Foundry& fd = runtime();
  const std::vector<f16> host_x{f16(1), f16(2), f16(3), f16(4), f16(5)};
  const std::array<float, 5> host_bias{10, 20, 30, 40, 50};
  auto x = fd.alloc<f16>({5}, from(host_x));
  auto bias = fd.alloc<f32>({5}, from(host_bias));
  auto y = fd.alloc<f16>({5});
  fd.run(ScaledAdd{x, {}, y, {5, 0.5f}});
  for (std::size_t i = 0; i < 5; ++i) CHECK(y.host()[i] == 0.5f * static_cast<float>(i + 1));
  fd.run(ScaledAdd{x, bias, y, {4, 2.0f}});
  for (std::size_t i = 0; i < 4; ++i) CHECK(y.host()[i] == 12.0f * static_cast<float>(i + 1));
  CHECK(y.host()[4] == 2.5f);
}

TEST_CASE("threadgroup memory, constants and generated sizes") {
  Foundry& fd = runtime();
  std::vector<float> values(300, 1.0f);
  auto x = fd.alloc<f32>({300}, from(values));
  for (const std::uint32_t width : {64u, 128u}) {
    const std::uint64_t blocks = (300 + width - 1) / width;
    auto y = fd.alloc<f32>({blocks});
    fd.run(BlockSum{x, y, {width}, {width}});
    float total = 0.0f;
    for (const float sum : y.host()) total += sum;
    CHECK(total == 300.0f);
  }
}

TEST_CASE("a threadgroup too large says both numbers") {
  Foundry& fd = runtime();
  auto x = fd.alloc<f32>({4096});
  auto y = fd.alloc<f32>({2});
  try {
    fd.run(BlockSum{x, y, {2048}, {2048}});
    FAIL("it ran");
  } catch (const DispatchError& error) {
    const std::string text = error.what();
    CHECK(text.find("2048") != text.npos);
    CHECK(text.find("1024") != text.npos);
  }
}

TEST_CASE("an argument of the wrong dtype is a typed error") {
  Foundry& fd = runtime();
  const AnyTensor x = fd.empty({4}, DType::f32, "x");
  CHECK_THROWS_WITH_AS(In<f16>{x}, "an argument to read takes f16, got x (4,) f32", DTypeError);
}

TEST_CASE("a kernel described at run time runs like one described by a struct") {
  Foundry& fd = runtime();
  KernelDescription description;
  description.name = "axpy";
  description.form = KernelDescription::Form::body;
  description.arguments = {
      ArgumentDescription::buffer("x", Access::read, DType::f32),
      ArgumentDescription::buffer("y", Access::read_write, DType::f32),
      ArgumentDescription::value(
          "params", StructLayout::packed_like_c(
                        "AxpyParams", {{"a", DType::f32, 0, 0}, {"b", DType::f32, 2, 0}}))};
  description.source = {"axpy.py",
                        "if (gid < y_size) y[gid] = params.a * x[gid] + y[gid] + params.b[1];", 1};
  const auto kernel = std::make_shared<const KernelDefinition>(description);
  CHECK(kernel->source().find("kernel void axpy(") != std::string::npos);

  const std::vector<float> ones(37, 1.0f);
  const AnyTensor x = fd.alloc<f32>({37}, from(ones));
  const AnyTensor y = fd.alloc<f32>({37}, from(ones));
  const std::vector<float> params{2.0f, 0.0f, 10.0f};
  const KernelCall call{kernel, {x, y, bytes_of(params)}, per_element(37)};
  fd.run(call);
  for (const float value : y.host<float>()) CHECK(value == 13.0f);

  KernelCall wrong = call;
  wrong.values.pop_back();
  CHECK_THROWS_WITH_AS(fd.run(wrong), "axpy: takes 3 arguments, got 2", ArgumentError);
  wrong = call;
  wrong.values[0] = fd.empty({37}, DType::f16, "half_x");
  CHECK_THROWS_WITH_AS(fd.run(wrong), "axpy: argument 'x' takes f32, got half_x (37,) f16",
                       DTypeError);
  wrong.values[0] = std::monostate{};
  CHECK_THROWS_WITH_AS(fd.run(wrong), "axpy: argument 'x' is missing", ArgumentError);
  wrong = call;
  wrong.values[2] = std::vector<std::byte>(8);
  CHECK_THROWS_WITH_AS(fd.run(wrong), "axpy: argument 'params' takes 12 bytes, got 8",
                       ArgumentError);
}

TEST_CASE("arenas: scopes give back, reset refuses under a live tensor and names it") {
  Foundry fd;
  fd.make_arena("activations", {});
  CHECK(fd.arena_names() == std::vector<std::string>{"activations", "default"});
  CHECK_THROWS_WITH_AS(fd.make_arena("activations", {}), "arena 'activations' exists already",
                       ArgumentError);
  {
    const auto scope = fd.scope();
    const auto x = fd.alloc<f32>({100});
  }
  CHECK(fd.arena().statistics().leased_bytes == 0);
  auto held = fd.alloc<f32>({8}, "held");
  CHECK_THROWS_AS(fd.reset(), ArenaInUseError);
  held = {};
  CHECK_NOTHROW(fd.reset());
}

TEST_CASE("several threads may run kernels at once") {
  Foundry& fd = runtime();
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const std::vector<f16> values(64, f16(static_cast<float>(thread)));
      for (int round = 0; round < 20; ++round) {
        auto x = fd.tensor<f16>({64}, from(values));
        auto y = fd.tensor<f16>({64}, from(values));
        fd.run(ScaledAdd{x, {}, y, {64, 3.0f}});
        for (const f16 value : y.host()) wrong += static_cast<float>(value) != 3.0f * thread;
      }
    });
  }
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE("prepare compiles once however many ask, checks, and runs nothing") {
  Foundry fd;
  const std::array<float, 4> ones{1, 1, 1, 1};
  auto x = fd.alloc<f16>({4});
  auto y = fd.alloc<f16>({4});
  auto values = fd.alloc<f32>({4}, from(ones));
  auto total = fd.alloc<f32>({1}, from(std::array{-1.0f}));
  const ScaledAdd add{x, {}, y, {4, 2.0f}};
  const BlockSum sum{values, total, {32}, {32}};
  const auto dispatches = fd.stream().statistics().dispatches;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      fd.prepare(add);
      fd.prepare(sum);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(fd.registry().statistics().compilations == 2);
  CHECK(fd.stream().statistics().dispatches == dispatches);
  CHECK(total.host()[0] == -1.0f);

  ScaledAdd missing = add;
  missing.x = {};
  CHECK_THROWS_WITH_AS(fd.prepare(missing), doctest::Contains("argument 'x' is missing"),
                       ArgumentError);
  fd.run(add);  // the failure left the thread as it was
  fd.run(sum);
  CHECK(fd.registry().statistics().compilations == 2);
  CHECK(total.host()[0] == 4.0f);
  {
    Recording recording(fd.encoder());
    CHECK_THROWS_AS(fd.prepare(add), ArgumentError);
  }
}

TEST_CASE("types say storage, mode and shape; what they cannot know is checked") {
  Foundry& fd = runtime();
  auto x = fd.alloc<f16, Shape<32, 64>>("x");
  const Tensor<f16, View, Shared, Shape<32, 16>> head = x.slice<1, 0, 16>();
  const Tensor<f16, Pooled, Shared, Rank<2>> any = x;
  CHECK(any.as<Shape<32, 64>>().any().byte_offset() == head.any().byte_offset());

  Arena& hidden = fd.make_arena("hidden", {.mode = StorageMode::private_});
  const Tensor<f16, Pooled, Private> cache = fd.alloc<f16, Private>(hidden, {64}, "cache");
  CHECK_THROWS_WITH_AS((fd.alloc<f16, Shared>(hidden, {64}, "y")),
                       "y (64,) f16 is pooled, private; asked for pooled, shared", StorageError);

  using Cache = In<f16, Private, Shape<64>>;
  CHECK(Cache(cache).count() == 64);
  CHECK_THROWS_WITH_AS(Cache{x.any()},
                       "an argument to read takes private storage; x (32, 64) f16 is shared",
                       StorageError);
  const AnyTensor wide = fd.alloc<f16, Private>(hidden, {65}, "wide").any();
  CHECK_THROWS_WITH_AS(Cache{wide}, "wide (65,) f16: axis 0 is 65; asked for (64,)", ShapeError);
}

TEST_CASE("host memory of the caller is a tensor without a copy, and is held") {
  Foundry& fd = runtime();
  auto values = std::make_shared<std::vector<f32>>(100, 1.0f);
  const std::weak_ptr<std::vector<f32>> alive = values;
  {
    auto x = fd.borrow<f32>({4, 25}, std::span<f32>(*values), values, "mine");
    static_assert(std::is_same_v<decltype(x), Tensor<f32, Dedicated, Borrowed>>);
    x.host_mutable()[7] = 3.0f;
    CHECK((*values)[7] == 3.0f);
    auto y = fd.alloc<f16>({100});
    const auto constant = fd.borrow<f32>({100}, std::span<const f32>(*values), values, "constant");
    CHECK_THROWS_WITH_AS(constant.host_mutable(), "host view of 'constant': it is read-only",
                         StorageError);
    CHECK_THROWS_WITH_AS(fd.borrow<f32>({99}, std::span<const f32>(*values), values),
                         "borrow: (99,) f32 has 396 bytes, the host memory 400", ShapeError);
    const auto bytes = std::as_bytes(std::span(*values)).subspan(2, 8);
    CHECK_THROWS_WITH_AS(
        fd.borrow({2}, DType::f32, unsafe::HostMemory::read_only(bytes), values, "odd"),
        "odd (2,) f32: the host address is 2 modulo 4, f32 needs 0", StorageError);
    values.reset();
    CHECK_FALSE(alive.expired());
  }
  CHECK(alive.expired());
}
