// What Apple's driver takes and Metal's validation refuses. Runs twice: with the layer on each case
// wants its error, without it what a Mac does.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <string>

#include "host.hpp"

using host::contains;
using host::Encode;
using host::text;
using host::validated;

namespace {

constexpr const char* kSource = R"(#include <metal_stdlib>
using namespace metal;

kernel void count(device uint* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  out[i] += 1;
}

struct Scale { float by; float unused[15]; };

kernel void scale(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  constant Scale& scale [[buffer(2)]], device const float* bias [[buffer(3)]],
                  constant Scale& more [[buffer(4)]], constant bool& biased [[buffer(5)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * scale.by;
  if (biased) out[i] += bias[i] * more.by;
}

kernel void share(device uint* out [[buffer(0)]], constant uint2& part [[buffer(1)]],
                  threadgroup uint* shared [[threadgroup(0)]],
                  threadgroup uint* other [[threadgroup(1)]],
                  uint i [[thread_index_in_threadgroup]]) {
  if (part.y) other[i] = i;
  shared[i + part.x] = i;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = shared[i + part.x];
}

kernel void total(constant uint* values [[buffer(0)]], constant uint& n [[buffer(1)]],
                  device uint* out [[buffer(2)]]) {
  uint sum = 0;
  for (uint i = 0; i < n; ++i) sum += values[i];
  out[0] = sum;
}

constant uint kFactor [[function_constant(0)]];
constant uint kTerm [[function_constant(1)]];
constant uint kOther [[function_constant(2)]];
constant bool kOtherGiven = is_function_constant_defined(kOther);
kernel void specialised(device uint* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  out[i] = kFactor * i + kTerm + (kOtherGiven ? kOther : 100);
}

kernel void leaves_early(device uint* out [[buffer(0)]], constant uint2& range [[buffer(1)]],
                         uint i [[thread_index_in_threadgroup]],
                         uint group [[simdgroup_index_in_threadgroup]]) {
  threadgroup uint shared[256];
  shared[i] = 0;
  if (group < range.x || group >= range.y) return;
  for (uint round = 0; round < 5; ++round) {
    shared[i] += i;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    const uint first = range.x * 32, count = (range.y - range.x) * 32;
    if (round == 4) out[i] = shared[first + (i - first + 32) % count];
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}
)";

struct Bench : host::Bench {
  Bench() : host::Bench(kSource) {}
  /// Runs it: under validation that is the error `refusal`, otherwise all is well.
  bool runs(const char* refusal, const Encode& encode) {
    const std::string error = text(run(encode)->error());
    if (validated())
      CHECK_MESSAGE(contains(error, refusal), error);
    else
      CHECK(error == "(no error)");
    return error == "(no error)";
  }
};

const MTL::Size kOne(1, 1, 1);

}  // namespace

TEST_CASE("a dispatch of nothing runs nothing") {
  Bench bench;
  const auto count = bench.pipeline("count");
  auto out = bench.buffer(std::vector<uint32_t>(64));
  const MTL::Size all(64, 1, 1), none(0, 0, 0), flat(64, 0, 1);
  const auto with = [&](const Encode& empty) {
    return [&, empty](MTL::ComputeCommandEncoder* encoder) {
      encoder->setComputePipelineState(count.get());
      encoder->setBuffer(out.get(), 0, 0);
      empty(encoder);
      encoder->dispatchThreads(all, all);
    };
  };
  uint32_t runs = 0;
  runs += bench.runs("threadsPerGrid is 0 x 0 x 0",
                     with([&](auto* encoder) { encoder->dispatchThreads(none, all); }));
  runs += bench.runs("threadsPerGrid is 64 x 0 x 1",
                     with([&](auto* encoder) { encoder->dispatchThreads(flat, all); }));
  runs += bench.runs("threadsPerThreadgroup is 0 x 0 x 0",
                     with([&](auto* encoder) { encoder->dispatchThreads(all, none); }));
  runs += bench.runs("threadgroupsPerGrid is 0 x 0 x 0",
                     with([&](auto* encoder) { encoder->dispatchThreadgroups(none, all); }));
  runs += bench.runs("threadsPerThreadgroup is 64 x 0 x 1",
                     with([&](auto* encoder) { encoder->dispatchThreadgroups(all, flat); }));
  CHECK(host::values<uint32_t>(out.get()) == std::vector<uint32_t>(64, runs));
  CHECK(runs == (validated() ? 0 : 5));
}

TEST_CASE("threadgroup arguments without a length, and lengths of any number of bytes") {
  Bench bench;
  const auto share = bench.pipeline("share");
  auto out = bench.buffer(std::vector<uint32_t>(64));
  const auto with = [&](int first, int second, uint32_t used) {
    return [&, first, second, used](MTL::ComputeCommandEncoder* encoder) {
      const uint32_t part[2] = {0, used};
      encoder->setComputePipelineState(share.get());
      encoder->setBuffer(out.get(), 0, 0);
      encoder->setBytes(part, sizeof part, 1);
      if (first >= 0) encoder->setThreadgroupMemoryLength(static_cast<NS::UInteger>(first), 0);
      if (second >= 0) encoder->setThreadgroupMemoryLength(static_cast<NS::UInteger>(second), 1);
      encoder->dispatchThreadgroups(kOne, MTL::Size(64, 1, 1));
    };
  };
  std::vector<uint32_t> expected(64);
  std::iota(expected.begin(), expected.end(), 0u);
  const auto right = [&] {
    return !validated() == (host::values<uint32_t>(out.get()) == expected);
  };
  bench.runs("threadgroup memory 1 ('other') of kernel share has no length", with(256, -1, 0));
  CHECK(right());
  bench.runs("threadgroup memory 1 ('other') of kernel share has no length", with(256, 0, 0));
  CHECK(right());
  bench.runs("length 76 is not a multiple of 16", with(256, 76, 0));
  CHECK(right());
  // Used beyond what it has, which is at the end of all of it.
  bench.runs("threadgroup memory 1 ('other') of kernel share has no length", with(256, -1, 1));
  CHECK(right());
}

TEST_CASE("an argument that no thread reads need not be there, or whole") {
  Bench bench;
  const auto scale = bench.pipeline("scale");
  const std::vector<float> ones(64, 1.0f);
  auto x = bench.buffer(ones), out = bench.buffer(std::vector<float>(64));
  const auto with = [&](size_t bytes, bool biased, const Encode& more) {
    return [&, bytes, biased, more](MTL::ComputeCommandEncoder* encoder) {
      const float factors[16] = {3};
      encoder->setComputePipelineState(scale.get());
      encoder->setBuffer(x.get(), 0, 0);
      encoder->setBuffer(out.get(), 0, 1);
      encoder->setBytes(factors, bytes, 2);
      encoder->setBytes(&biased, 1, 5);
      more(encoder);
      encoder->dispatchThreads(MTL::Size(64, 1, 1), MTL::Size(64, 1, 1));
    };
  };
  const std::vector<float> threes(64, validated() ? 0.0f : 3.0f);
  bench.runs("buffer 3 ('bias') of kernel scale is not bound", with(64, false, [](auto*) {}));
  CHECK(host::values<float>(out.get()) == threes);
  bench.runs("buffer 4 ('more') of kernel scale is not bound", with(64, false, [&](auto* encoder) {
               encoder->setBuffer(x.get(), 0, 3);
               encoder->setBuffer(nullptr, 0, 4);
             }));
  CHECK(host::values<float>(out.get()) == threes);
  bench.runs("no bytes for index 4", with(64, false, [&](auto* encoder) {
               encoder->setBuffer(x.get(), 0, 3);
               encoder->setBytes(&kOne, 0, 4);
             }));
  CHECK(host::values<float>(out.get()) == threes);
  bench.runs("buffer 2 ('scale') of kernel scale has 4 bytes bound, Scale has 64",
             with(4, false, [&](auto* encoder) {
               encoder->setBuffer(x.get(), 0, 3);
               encoder->setBuffer(x.get(), 0, 4);
             }));
  CHECK(host::values<float>(out.get()) == threes);

  if (validated()) return;
  MTL::CommandBuffer* commands =
      bench.run(with(64, true, [&](auto* encoder) { encoder->setBuffer(x.get(), 0, 4); }));
  REQUIRE(commands->error());
  CHECK(commands->error()->code() == MTL::CommandBufferErrorPageFault);
  const std::string error = text(commands->error());
  CHECK_MESSAGE(contains(error,
                         "kernel 'scale' (program_source:15), threadgroup (0, 0, 0): read of "
                         "a null pointer, address 0x"),
                error);  // of any of the threads, which read in no order
  CHECK_MESSAGE(contains(error, ", nothing is bound to buffer 3 ('bias')"), error);
}

TEST_CASE("memory of the caller's need not be whole pages") {
  Bench bench;
  const auto count = bench.pipeline("count");
  std::vector<uint32_t> memory(100, 7);
  auto part = NS::TransferPtr(bench.device->newBuffer(memory.data() + 1, 64 * sizeof(uint32_t),
                                                      MTL::ResourceStorageModeShared, nullptr));
  CHECK(!part == validated());
  if (!part) return;
  CHECK(part->contents() == memory.data() + 1);
  bench.runs("", [&](MTL::ComputeCommandEncoder* encoder) {
    encoder->setComputePipelineState(count.get());
    encoder->setBuffer(part.get(), 0, 0);
    encoder->dispatchThreadgroups(kOne, MTL::Size(64, 1, 1));
  });
  std::vector<uint32_t> expected(100, 7);
  std::fill_n(expected.begin() + 1, 64, 8u);
  CHECK(memory == expected);
}

TEST_CASE("setBytes takes more than 4096") {
  Bench bench;
  const auto total = bench.pipeline("total");
  std::vector<uint32_t> values(5000);
  std::iota(values.begin(), values.end(), 0u);
  auto out = bench.buffer(std::vector<uint32_t>(1));
  const bool ran = bench.runs("length 20000 at index 0 exceeds 4096", [&](auto* encoder) {
    const uint32_t n = 5000;
    encoder->setComputePipelineState(total.get());
    encoder->setBytes(values.data(), 20000, 0);
    encoder->setBytes(&n, sizeof n, 1);
    encoder->setBuffer(out.get(), 0, 2);
    encoder->dispatchThreads(kOne, kOne);
  });
  CHECK(host::values<uint32_t>(out.get())[0] == (ran ? 5000 * 4999 / 2 : 0));
}

TEST_CASE("a function constant without a value is zero where a function is specialised") {
  Bench bench;
  auto constants = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
  const uint32_t factor = 3;
  constants->setConstantValue(&factor, MTL::DataTypeUInt, NS::UInteger{0});
  NS::Error* error = nullptr;
  auto function =
      NS::TransferPtr(bench.library->newFunction(MTLSTR("specialised"), constants.get(), &error));
  REQUIRE_MESSAGE(function, text(error));
  auto state = NS::TransferPtr(bench.device->newComputePipelineState(function.get(), &error));
  if (validated()) {
    CHECK_FALSE(state);
    CHECK_MESSAGE(contains(text(error), "kTerm"), text(error));
    return;
  }
  REQUIRE_MESSAGE(state, text(error));
  auto out = bench.buffer(std::vector<uint32_t>(4));
  bench.run([&](auto* encoder) {
    encoder->setComputePipelineState(state.get());
    encoder->setBuffer(out.get(), 0, 0);
    encoder->dispatchThreads(MTL::Size(4, 1, 1), MTL::Size(4, 1, 1));
  });
  CHECK(host::values<uint32_t>(out.get()) == std::vector<uint32_t>{100, 103, 106, 109});
}

TEST_CASE("a simdgroup that has returned counts as arrived at later barriers") {
  Bench bench;
  const auto kernel = bench.pipeline("leaves_early");
  const uint32_t ranges[][2] = {{0, 3}, {2, 8}, {5, 6}, {1, 7}};
  for (const auto& range : ranges) {
    CAPTURE(range[0]);
    auto out = bench.buffer(std::vector<uint32_t>(256));
    const bool ran = bench.runs("only some of its 8 simdgroups reached a threadgroup_barrier",
                                [&](MTL::ComputeCommandEncoder* encoder) {
                                  encoder->setComputePipelineState(kernel.get());
                                  encoder->setBuffer(out.get(), 0, 0);
                                  encoder->setBytes(range, sizeof range, 1);
                                  encoder->dispatchThreadgroups(kOne, MTL::Size(256, 1, 1));
                                });
    std::vector<uint32_t> expected(256);
    const uint32_t first = range[0] * 32, count = (range[1] - range[0]) * 32;
    for (uint32_t i = first; ran && i < first + count; ++i)
      expected[i] = 5 * (first + (i - first + 32) % count);
    CHECK(host::values<uint32_t>(out.get()) == expected);
  }
}

TEST_CASE("a language version to come is the newest, and logging may be asked for") {
  Bench bench;
  auto options = NS::TransferPtr(MTL::CompileOptions::alloc()->init());
  options->setEnableLogging(true);
  NS::Error* error = nullptr;
  const auto compile = [&] {
    return NS::TransferPtr(bench.device->newLibrary(host::string(kSource), options.get(), &error));
  };
  CHECK_MESSAGE(compile(), text(error));
  options->setLanguageVersion(static_cast<MTL::LanguageVersion>(9 << 16));
  if (validated()) {
    CHECK_FALSE(compile());
    CHECK(text(error) ==
          "MTLCompileOptions.languageVersion: metal9.0 is newer than metal4.0, the newest "
          "supported");
  } else {
    CHECK_MESSAGE(compile(), text(error));
  }
}

TEST_CASE("debug groups that do not match") {
  Bench bench;
  bench.runs("popDebugGroup]: no group is open", [](auto* encoder) { encoder->popDebugGroup(); });
  bench.runs("1 debug groups are still open",
             [](auto* encoder) { encoder->pushDebugGroup(MTLSTR("layer")); });
}

TEST_CASE("an NSError is nil after success, whichever method gives it") {
  Bench bench;
  auto* const stale = reinterpret_cast<NS::Error*>(uintptr_t{0x5a5a5a50});
  NS::Error* error = stale;
  const auto is_cleared = [&](const auto& made) {
    const bool right = made && error == nullptr;
    error = stale;
    return right;
  };
  auto library = NS::TransferPtr(bench.device->newLibrary(host::string(kSource), nullptr, &error));
  CHECK(is_cleared(library));
  auto constants = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
  auto function = NS::TransferPtr(library->newFunction(MTLSTR("count"), constants.get(), &error));
  CHECK(is_cleared(function));
  auto* descriptor = MTL::FunctionDescriptor::functionDescriptor();
  descriptor->setName(MTLSTR("count"));
  CHECK(is_cleared(NS::TransferPtr(library->newFunction(descriptor, &error))));
  CHECK(is_cleared(NS::TransferPtr(bench.device->newComputePipelineState(function.get(), &error))));
  auto* reflection = reinterpret_cast<MTL::ComputePipelineReflection*>(stale);
  CHECK(is_cleared(NS::TransferPtr(bench.device->newComputePipelineState(
      function.get(), MTL::PipelineOptionBindingInfo, &reflection, &error))));
  CHECK(reflection->bindings()->count() == 1);
  auto pipeline = NS::TransferPtr(MTL::ComputePipelineDescriptor::alloc()->init());
  pipeline->setComputeFunction(function.get());
  CHECK(is_cleared(NS::TransferPtr(bench.device->newComputePipelineState(
      pipeline.get(), MTL::PipelineOptionNone, nullptr, &error))));
  auto set = NS::TransferPtr(MTL::ResidencySetDescriptor::alloc()->init());
  CHECK(is_cleared(NS::TransferPtr(bench.device->newResidencySet(set.get(), &error))));
  // And where the method fails it is none of those that were there.
  reflection = reinterpret_cast<MTL::ComputePipelineReflection*>(stale);
  CHECK(bench.device->newComputePipelineState(static_cast<MTL::Function*>(nullptr),
                                              MTL::PipelineOptionBindingInfo, &reflection,
                                              &error) == nullptr);
  CHECK(reflection == nullptr);
  CHECK(contains(text(error), "no compute function"));
}

TEST_CASE("what a getter gives outlives its owner") {
  Bench bench;
  NS::String* name;
  NS::String* label;
  {
    auto function = NS::TransferPtr(bench.library->newFunction(MTLSTR("count")));
    name = function->name();
    auto buffer = bench.buffer(std::vector<float>(1));
    buffer->setLabel(host::string("of its own"));
    label = buffer->label();
    CHECK(label->retainCount() == 3);  // the buffer's, and twice the pool's
  }
  CHECK(text(name) == "count");
  CHECK(text(label) == "of its own");
  NS::Error* error;
  {
    auto commands = NS::RetainPtr(bench.queue->commandBuffer());
    commands->computeCommandEncoder()->setBuffer(nullptr, 0, 99);
    error = nullptr;
    commands->addCompletedHandler([&](MTL::CommandBuffer* done) {
      error = done->error();
      error->retain();
    });
    commands->commit();
    commands->waitUntilCompleted();
  }
  CHECK(contains(text(error), "index 99 exceeds the last one, 30"));
  error->release();
}

TEST_CASE("the main thread's objects without a pool are not released as the program ends") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    NS::String::string("released once too often", NS::UTF8StringEncoding)->release();
    std::exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
