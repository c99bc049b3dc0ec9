// Functions in tables: linked to a pipeline, set by the host, called by each lane for itself.
#include "host.hpp"

#include <cmath>
#include <cstring>

using host::contains;
using host::text;

namespace {

constexpr const char* kSource = R"(
#include <metal_stdlib>
using namespace metal;

constant float kFactor [[function_constant(0)]];

struct Pair { float a; float b; };

[[visible]] float twice(float x, constant Pair& p) { return 2 * x + p.a; }
[[visible]] float halved(float x, constant Pair& p) { return 0.5f * x - p.b; }
[[visible]] float scaled(float x, constant Pair&) { return kFactor * x; }
namespace deeper {
[[stitchable]] float looped(float x, constant Pair& p) {
  for (int i = 0; i < 5; ++i) if (x < 10) x += p.a; else x -= p.b;
  return x;
}
}
template <int N> [[visible]] float power(float x, constant Pair&) {
  float y = 1;
  for (int i = 0; i < N; ++i) y *= x;
  return y;
}
template [[host_name("cube")]] [[visible]] float power<3>(float, constant Pair&);
[[visible]] void count(device atomic_uint* counter, thread uint& mine) {
  mine = atomic_fetch_add_explicit(counter, 1u, memory_order_relaxed) + 1;
}

using Map = float(float, constant Pair&);

kernel void each(device float* x [[buffer(0)]], constant Pair& p [[buffer(1)]],
                 visible_function_table<Map> maps [[buffer(2)]],
                 device const uint* which [[buffer(3)]], uint i [[thread_position_in_grid]]) {
  x[i] = maps[which[i]](x[i], p);
}

struct Arguments {
  visible_function_table<Map> maps;
  array<visible_function_table<Map>, 2> more;
  device float* x;
  Pair p;
};
kernel void nested(constant Arguments& arguments [[buffer(0)]],
                   device uint* sizes [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  visible_function_table<Map> chosen = arguments.more[i % 2];
  auto map = i % 3 == 0 ? arguments.maps[0] : chosen[1];
  arguments.x[i] = map(arguments.x[i], arguments.p);
  if (i == 0) {
    sizes[0] = arguments.maps.size();
    sizes[1] = chosen.size();
  }
}

kernel void counted(device atomic_uint* counter [[buffer(0)]], device uint* out [[buffer(1)]],
                    visible_function_table<void(device atomic_uint*, thread uint&)> hooks [[buffer(2)]],
                    uint i [[thread_position_in_grid]]) {
  uint mine = 0;
  if (is_null_visible_function_table(hooks) || hooks.empty()) return;
  hooks[0](counter, mine);
  out[i] = mine;
}
)";

float expected(uint32_t which, float x) {
  constexpr float a = 3, b = 0.25f;
  switch (which) {
    case 0:
      return 2 * x + a;
    case 1:
      return 0.5f * x - b;
    case 2:
      return 7 * x;
    case 3:
      for (int i = 0; i < 5; ++i) x < 10 ? x += a : x -= b;
      return x;
    default:
      return x * x * x;
  }
}

using Functions = std::vector<NS::SharedPtr<MTL::Function>>;

struct Tables : host::Bench {
  Tables() : Bench(kSource) {}

  NS::SharedPtr<MTL::Function> function(const char* name, bool with_factor = false) {
    auto values = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
    const float factor = 7;
    values->setConstantValue(&factor, MTL::DataTypeFloat, NS::UInteger(0));
    NS::Error* error = nullptr;
    auto made =
        NS::TransferPtr(with_factor ? library->newFunction(host::string(name), values.get(), &error)
                                    : library->newFunction(host::string(name)));
    REQUIRE(made);
    return made;
  }
  NS::SharedPtr<MTL::ComputePipelineState> linked(
      const char* kernel, const Functions& functions, NS::Error** error,
      MTL::AutoreleasedComputePipelineReflection* reflection = nullptr) {
    std::vector<NS::Object*> list;
    for (const auto& each : functions) list.push_back(each.get());
    auto links = NS::TransferPtr(MTL::LinkedFunctions::alloc()->init());
    links->setFunctions(NS::Array::array(list.data(), list.size()));
    auto descriptor = NS::TransferPtr(MTL::ComputePipelineDescriptor::alloc()->init());
    descriptor->setComputeFunction(function(kernel).get());
    descriptor->setLinkedFunctions(links.get());
    return NS::TransferPtr(device->newComputePipelineState(
        descriptor.get(), MTL::PipelineOptionArgumentInfo, reflection, error));
  }
  NS::SharedPtr<MTL::VisibleFunctionTable> table(MTL::ComputePipelineState* pipeline,
                                                 const Functions& functions) {
    auto descriptor = NS::TransferPtr(MTL::VisibleFunctionTableDescriptor::alloc()->init());
    descriptor->setFunctionCount(functions.size());
    auto made = NS::TransferPtr(pipeline->newVisibleFunctionTable(descriptor.get()));
    REQUIRE(made);
    for (size_t i = 0; i < functions.size(); ++i) {
      MTL::FunctionHandle* handle = pipeline->functionHandle(functions[i].get());
      REQUIRE(handle);
      made->setFunction(handle, i);
    }
    return made;
  }
};

}  // namespace

TEST_CASE("every lane calls the function that its own index names") {
  Tables t;
  const Functions functions{t.function("twice"), t.function("halved"), t.function("scaled", true),
                            t.function("looped"), t.function("cube")};
  CHECK(functions[0]->functionType() == MTL::FunctionTypeVisible);
  NS::Error* error = nullptr;
  MTL::ComputePipelineReflection* reflection = nullptr;
  auto pipeline = t.linked("each", functions, &error, &reflection);
  REQUIRE_MESSAGE(pipeline, text(error));
  auto* binding = static_cast<MTL::Binding*>(reflection->bindings()->object(2));
  CHECK(binding->type() == MTL::BindingTypeVisibleFunctionTable);
  CHECK(binding->index() == 2);
  auto maps = t.table(pipeline.get(), functions);
  // Whole simdgroups of one function, then of all, then of two, and a ragged end.
  std::vector<float> x(203);
  std::vector<uint32_t> which(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = float(i % 29) - 4;
    which[i] = uint32_t(i < 64 ? i / 32 : i < 128 ? i % 5 : 2 + (i / 4) % 2);
  }
  auto values = t.buffer(x);
  auto choice = t.buffer(which);
  const float pair[] = {3, 0.25f};
  MTL::CommandBuffer* done = t.run([&](MTL::ComputeCommandEncoder* encoder) {
    encoder->setComputePipelineState(pipeline.get());
    encoder->setBuffer(values.get(), 0, 0);
    encoder->setBytes(pair, sizeof pair, 1);
    encoder->setVisibleFunctionTable(maps.get(), 2);
    encoder->setBuffer(choice.get(), 0, 3);
    encoder->dispatchThreads(MTL::Size(x.size(), 1, 1), MTL::Size(64, 1, 1));
  });
  REQUIRE_MESSAGE(done->status() == MTL::CommandBufferStatusCompleted, text(done->error()));
  const auto result = host::values<float>(values.get());
  // Powers of two and small whole numbers: all of it is exact.
  for (size_t i = 0; i < x.size(); ++i) CHECK(result[i] == expected(which[i], x[i]));
}

TEST_CASE("tables lie in argument buffers, by encoder and by gpuResourceID") {
  Tables t;
  const Functions functions{t.function("twice"), t.function("cube")};
  NS::Error* error = nullptr;
  auto pipeline = t.linked("nested", functions, &error);
  REQUIRE_MESSAGE(pipeline, text(error));
  auto straight = t.table(pipeline.get(), functions);
  auto swapped = t.table(pipeline.get(), {functions[1], functions[0], functions[0]});
  auto encoder = NS::TransferPtr(t.function("nested")->newArgumentEncoder(0));
  REQUIRE(encoder);
  CHECK(encoder->encodedLength() == 40);
  auto arguments = NS::TransferPtr(
      t.device->newBuffer(encoder->encodedLength(), MTL::ResourceStorageModeShared));
  auto x = t.buffer(std::vector<float>(70, 5.0f));
  auto sizes = t.buffer(std::vector<uint32_t>(2));
  encoder->setArgumentBuffer(arguments.get(), 0);
  encoder->setVisibleFunctionTable(swapped.get(), 0);
  encoder->setVisibleFunctionTable(straight.get(), 1);
  encoder->setBuffer(x.get(), 0, 3);
  const float pair[] = {3, 0.25f};
  std::memcpy(encoder->constantData(4), pair, sizeof pair);
  const MTL::ResourceID id = swapped->gpuResourceID();
  std::memcpy(static_cast<char*>(arguments->contents()) + 16, &id, sizeof id);
  MTL::CommandBuffer* done = t.run([&](MTL::ComputeCommandEncoder* encode) {
    encode->setComputePipelineState(pipeline.get());
    encode->setBuffer(arguments.get(), 0, 0);
    encode->setBuffer(sizes.get(), 0, 1);
    encode->useResource(swapped.get(), MTL::ResourceUsageRead);
    encode->dispatchThreads(MTL::Size(70, 1, 1), MTL::Size(32, 1, 1));
  });
  REQUIRE_MESSAGE(done->status() == MTL::CommandBufferStatusCompleted, text(done->error()));
  const auto result = host::values<float>(x.get());
  for (uint32_t i = 0; i < 70; ++i) {
    const bool cube = i % 3 == 0 || i % 2 == 0;
    CHECK(result[i] == (cube ? 125 : 13));
  }
  CHECK(host::values<uint32_t>(sizes.get()) == std::vector<uint32_t>{3, 2});
}

TEST_CASE("functions write through references and buffers; a table may be missing") {
  Tables t;
  NS::Error* error = nullptr;
  const Functions functions{t.function("count")};
  auto pipeline = t.linked("counted", functions, &error);
  REQUIRE_MESSAGE(pipeline, text(error));
  auto hooks = t.table(pipeline.get(), functions);
  for (const bool bound : {true, false}) {
    if (!bound && host::validated()) continue;  // that it is not bound is an error then
    auto counter = t.buffer(std::vector<uint32_t>{0});
    auto out = t.buffer(std::vector<uint32_t>(50));
    MTL::CommandBuffer* done = t.run([&](MTL::ComputeCommandEncoder* encoder) {
      encoder->setComputePipelineState(pipeline.get());
      encoder->setBuffer(counter.get(), 0, 0);
      encoder->setBuffer(out.get(), 0, 1);
      encoder->setVisibleFunctionTable(bound ? hooks.get() : nullptr, 2);
      encoder->dispatchThreads(MTL::Size(50, 1, 1), MTL::Size(50, 1, 1));
    });
    REQUIRE_MESSAGE(done->status() == MTL::CommandBufferStatusCompleted, text(done->error()));
    CHECK(host::values<uint32_t>(counter.get())[0] == (bound ? 50 : 0));
    uint32_t sum = 0;
    for (const uint32_t each : host::values<uint32_t>(out.get())) sum += each;
    CHECK(sum == (bound ? 50 * 51 / 2 : 0));
  }
}

TEST_CASE("what cannot be linked, or put into a table, is an error in words") {
  Tables t;
  NS::Error* error = nullptr;
  const Functions one{t.function("twice")};
  CHECK_FALSE(t.linked("each", {t.function("each")}, &error));
  CHECK(contains(text(error),
                 "unsupported linked function 'each'; supported: functions that are [[visible]]"));
  CHECK(t.linked("each", {}, &error));  // a kernel may have a table of none
  const host::Bench other("[[visible]] float twice(float x) { return x; }");
  CHECK_FALSE(t.linked("each", {NS::TransferPtr(other.library->newFunction(host::string("twice")))},
                       &error));
  CHECK(contains(text(error),
                 "unsupported linked function 'twice' of another library; supported: functions of "
                 "the library that kernel 'each' is in"));
  auto pipeline = t.linked("each", one, &error), again = t.linked("each", one, &error);
  REQUIRE(pipeline);
  CHECK(pipeline->functionHandle(t.function("halved").get()) == nullptr);
  CHECK(text(pipeline->functionHandle(one[0].get())->name()) == "twice");
  auto table = t.table(pipeline.get(), one);
  CHECK_THROWS_WITH(table->setFunction(pipeline->functionHandle(one[0].get()), 1),
                    "-[MTLVisibleFunctionTable setFunction:atIndex:]: index 1 is beyond the 1 "
                    "functions of table");
  CHECK_THROWS_WITH(table->setFunction(again->functionHandle(one[0].get()), 0),
                    "-[MTLVisibleFunctionTable setFunction:atIndex:]: function 'twice' is a handle "
                    "of another pipeline than table");
  // As any visible function, it is none that a pipeline is made of.
  CHECK_FALSE(NS::TransferPtr(t.device->newComputePipelineState(one[0].get(), &error)));
  CHECK(contains(text(error), "function 'twice' is a visible function"));
}
