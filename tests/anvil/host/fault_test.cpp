// Kernels that go wrong as they run, through Metal's own classes and the compiler: what the command
// buffer says, and that the device is as good as before.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>

#include "host.hpp"

using host::contains;
using host::text;

namespace {

// Before the device is made, which reads it.
[[maybe_unused]] const int limited = setenv("ANVIL_COMMAND_TIMEOUT", "1.5", 1);
// Under validation memory ends where it ends (past_the_end_test.cpp has both).
[[maybe_unused]] const int validated = setenv("ANVIL_VALIDATION", "1", 1);

constexpr const char* kSource = R"(#include <metal_stdlib>
using namespace metal;

inline float pick(device const float* from, ulong at) {
  return from[at];
}

kernel void reach(device const float* input [[buffer(0)]],
                  device float* output [[buffer(1)]],
                  constant ulong2& ahead [[buffer(2)]],
                  uint i [[thread_position_in_grid]]) {
  const float value = pick(input, i + ahead.x);
  output[i + ahead.y] = value;
}

struct Table { device float* rows[2]; };
kernel void follow(device const Table& table [[buffer(0)]],
                   device float* output [[buffer(1)]],
                   uint i [[thread_position_in_grid]]) {
  output[i] = table.rows[1][i];
}

kernel void after_barrier(device float* output [[buffer(0)]],
                          constant ulong& ahead [[buffer(1)]],
                          uint i [[thread_position_in_threadgroup]]) {
  threadgroup float shared[256];
  shared[i] = float(i);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  output[ahead + 255 - i] = shared[i];
}

kernel void divide(device const int* a [[buffer(0)]], device const int* b [[buffer(1)]],
                   device int* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[2 * i] = a[i] / b[i];
  out[2 * i + 1] = a[0] % b[0];
}

kernel void endless(device atomic_uint* counter [[buffer(0)]],
                    uint i [[thread_position_in_grid]]) {
  while (atomic_load_explicit(counter, memory_order_relaxed) != 1)
    atomic_fetch_add_explicit(counter, 2, memory_order_relaxed);
}

kernel void meets_endlessly(device atomic_uint* counter [[buffer(0)]],
                            uint i [[thread_position_in_grid]]) {
  while (atomic_load_explicit(counter, memory_order_relaxed) != 1)
    threadgroup_barrier(mem_flags::mem_device);
}

kernel void tiny(device uint* out [[buffer(0)]], uint3 i [[thread_position_in_grid]]) {
  if (i.x == 0xffffffff) out[0] = 1;
}

kernel void sum_private(device const float* input [[buffer(0)]], device float* output [[buffer(1)]],
                        constant uint& n [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  float own[10240];
  for (uint j = 0; j < 10240; ++j) own[j] = input[(i + j) % n];
#ifdef BARRIER
  threadgroup_barrier(mem_flags::mem_device);
#endif
  float sum = 0;
  for (uint j = 0; j < 10240; ++j) sum += own[(j * 7 + i) % 10240];
  output[i] = sum;
}

kernel void too_private(device const float* input [[buffer(0)]], device float* output [[buffer(1)]],
                        constant uint& n [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  float own[1 << 18];
  for (uint j = 0; j < 1 << 18; ++j) own[j] = input[(i + j) % n];
  output[i] = own[(i * n) & 0x3ffff];
}
)";

struct Bench : host::Setup {
  NS::SharedPtr<MTL::ComputePipelineState> pipeline(const char* name, bool barrier = false) {
    std::string source = kSource;
    if (barrier) source = "#define BARRIER\n" + source;
    NS::Error* error = nullptr;
    auto library =
        NS::TransferPtr(device->newLibrary(host::string(source.c_str()), nullptr, &error));
    REQUIRE_MESSAGE(library, text(error));
    auto function = NS::TransferPtr(library->newFunction(host::string(name)));
    REQUIRE(function);
    auto result = NS::TransferPtr(device->newComputePipelineState(function.get(), &error));
    problem = text(error);
    return result;
  }

  NS::SharedPtr<MTL::Buffer> floats(size_t count) {
    return buffer(std::vector<float>(count, 1.0f));
  }

  /// The command buffer once it is done.
  MTL::CommandBuffer* run(MTL::ComputePipelineState* kernel, MTL::Size groups, MTL::Size group,
                          const std::function<void(MTL::ComputeCommandEncoder*)>& bind) {
    MTL::CommandBuffer* commands = queue->commandBuffer();
    MTL::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
    encoder->setComputePipelineState(kernel);
    bind(encoder);
    encoder->dispatchThreadgroups(groups, group);
    encoder->endEncoding();
    commands->commit();
    commands->waitUntilCompleted();
    return commands;
  }

  MTL::CommandBuffer* reach(MTL::Buffer* input, MTL::Buffer* output, uint64_t read,
                            uint64_t write) {
    const uint64_t ahead[2] = {read, write};
    const auto kernel = pipeline("reach");
    return run(kernel.get(), {64, 1, 1}, {256, 1, 1}, [&](MTL::ComputeCommandEncoder* encoder) {
      encoder->setBuffer(input, 0, 0);
      encoder->setBuffer(output, 0, 1);
      encoder->setBytes(ahead, sizeof ahead, 2);
    });
  }

  bool works() {
    auto input = floats(64 * 256), output = buffer(std::vector<float>(64 * 256));
    const MTL::CommandBuffer* commands = reach(input.get(), output.get(), 0, 0);
    return commands->status() == MTL::CommandBufferStatusCompleted &&
           host::values<float>(output.get()) == std::vector<float>(64 * 256, 1.0f);
  }

  std::string problem;
};

NS::Integer code_of(const MTL::CommandBuffer* commands) {
  return commands->status() == MTL::CommandBufferStatusError ? commands->error()->code() : 0;
}

}  // namespace

TEST_CASE("an access past a buffer is an error that names kernel, line, argument and distance") {
  Bench bench;
  constexpr size_t kCount = 64 * 256;  // 64 KiB: a mapping of its own
  auto input = bench.floats(kCount), output = bench.floats(kCount);
  for (int round = 0; round < 10; ++round) {
    MTL::CommandBuffer* commands = bench.reach(input.get(), output.get(), 256, 0);
    CHECK(code_of(commands) == MTL::CommandBufferErrorPageFault);
    CHECK(text(commands->error()->domain()) == "MTLCommandBufferErrorDomain");
    std::string why = text(commands->error());
    CHECK(contains(why,
                   "kernel 'reach' (program_source:5), threadgroup (63, 0, 0): read of memory "
                   "at 0x"));
    CHECK(contains(why, ", 0 bytes past the end of buffer 0 ('input', 65536 bytes)"));

    commands = bench.reach(input.get(), output.get(), 0, uint64_t{0} - 64 * 256);
    CHECK(code_of(commands) == MTL::CommandBufferErrorPageFault);
    why = text(commands->error());
    CHECK(contains(why, "kernel 'reach' (program_source:13), threadgroup ("));
    CHECK(contains(why, "write to memory at 0x"));
    CHECK(contains(why, " bytes before the start of buffer 1 ('output', 65536 bytes)"));
    CHECK(bench.works());
  }
}

TEST_CASE("a null pointer in an argument buffer, and a fault behind a barrier, are errors") {
  Bench bench;
  auto table = bench.buffer(std::vector<uint64_t>{0, 0});
  auto output = bench.floats(256);
  const auto follow = bench.pipeline("follow");
  const MTL::CommandBuffer* commands =
      bench.run(follow.get(), {1, 1, 1}, {256, 1, 1}, [&](MTL::ComputeCommandEncoder* encoder) {
        encoder->setBuffer(table.get(), 0, 0);
        encoder->setBuffer(output.get(), 0, 1);
      });
  CHECK(code_of(commands) == MTL::CommandBufferErrorPageFault);
  CHECK(contains(text(commands->error()),
                 "kernel 'follow' (program_source:20), threadgroup (0, 0, 0): read of a null "
                 "pointer, address 0x0"));

  auto large = bench.floats(64 * 256);
  const auto meets = bench.pipeline("after_barrier");
  const uint64_t ahead = 64 * 256;
  commands =
      bench.run(meets.get(), {1, 1, 1}, {256, 1, 1}, [&](MTL::ComputeCommandEncoder* encoder) {
        encoder->setBuffer(large.get(), 0, 0);
        encoder->setBytes(&ahead, sizeof ahead, 1);
      });
  CHECK(code_of(commands) == MTL::CommandBufferErrorPageFault);
  CHECK(contains(text(commands->error()), "kernel 'after_barrier' (program_source:29)"));
  CHECK(contains(text(commands->error()), "past the end of buffer 0 ('output', 65536 bytes)"));
  CHECK(bench.works());
}

TEST_CASE("integer divisions without a result do not end the process") {
  Bench bench;
  std::mt19937 random(3);
  std::vector<int> a(256), b(256);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = i % 3 ? static_cast<int>(random()) : INT32_MIN;
    b[i] = static_cast<int>(i % 5) - 2;  // -1 and 0 among them
  }
  const auto divide = bench.pipeline("divide");
  for (const int first : {0, -1, 3}) {
    b[0] = first;
    a[0] = INT32_MIN;
    auto left = bench.buffer(a), right = bench.buffer(b);
    auto out = bench.buffer(std::vector<int>(512));
    const MTL::CommandBuffer* commands =
        bench.run(divide.get(), {1, 1, 1}, {256, 1, 1}, [&](MTL::ComputeCommandEncoder* encoder) {
          encoder->setBuffer(left.get(), 0, 0);
          encoder->setBuffer(right.get(), 0, 1);
          encoder->setBuffer(out.get(), 0, 2);
        });
    CHECK_MESSAGE(commands->status() == MTL::CommandBufferStatusCompleted, text(commands->error()));
    const std::vector<int> results = host::values<int>(out.get());
    size_t wrong = 0;
    for (size_t i = 0; i < a.size(); ++i)
      if (b[i] != 0 && b[i] != -1) wrong += results[2 * i] != a[i] / b[i];
    CHECK(wrong == 0);
  }
}

TEST_CASE("a command buffer that takes longer than ANVIL_COMMAND_TIMEOUT is ended") {
  Bench bench;
  auto counter = bench.buffer(std::vector<uint32_t>(1));
  const auto bind = [&](MTL::ComputeCommandEncoder* encoder) {
    encoder->setBuffer(counter.get(), 0, 0);
  };
  for (const char* name : {"endless", "meets_endlessly"}) {
    const auto endless = bench.pipeline(name);
    const MTL::CommandBuffer* commands = bench.run(endless.get(), {3, 1, 1}, {64, 1, 1}, bind);
    CHECK(code_of(commands) == MTL::CommandBufferErrorTimeout);
    const std::string why = text(commands->error());
    CHECK(contains(why, ("kernel '" + std::string(name) + "'").c_str()));
    if (name == std::string("endless")) CHECK(contains(why, "' (program_source:4"));
    CHECK(contains(why,
                   "was still running: the time limit of a command buffer, 1.5 s "
                   "(ANVIL_COMMAND_TIMEOUT), is over; 0 of 3 threadgroups were done"));
    CHECK(bench.works());
  }
  const auto tiny = bench.pipeline("tiny");
  const MTL::CommandBuffer* commands =
      bench.run(tiny.get(), {1u << 31, 1u << 31, 1}, {1, 1, 1}, bind);
  CHECK(code_of(commands) == MTL::CommandBufferErrorTimeout);
  CHECK(contains(text(commands->error()), " of 4611686018427387904 threadgroups were done"));
  CHECK(bench.works());
}

TEST_CASE("an event that nobody signals does not hold a queue for ever") {
  Bench bench;
  auto event = NS::TransferPtr(bench.device->newSharedEvent());
  MTL::CommandBuffer* commands = bench.queue->commandBuffer();
  commands->encodeWait(event.get(), 7);
  commands->commit();
  commands->waitUntilCompleted();
  CHECK(code_of(commands) == MTL::CommandBufferErrorTimeout);
  CHECK(contains(text(commands->error()), "waits for a signal of the value 7"));
  CHECK(bench.works());
}

TEST_CASE("the time for which a queue waits for another's kernels is not its own") {
  Bench bench;
  auto counter = bench.buffer(std::vector<uint32_t>(1));
  const auto endless = bench.pipeline("endless");
  MTL::CommandBuffer* hangs = bench.queue->commandBuffer();
  MTL::ComputeCommandEncoder* encoder = hangs->computeCommandEncoder();
  encoder->setComputePipelineState(endless.get());
  encoder->setBuffer(counter.get(), 0, 0);
  encoder->dispatchThreadgroups({1, 1, 1}, {32, 1, 1});
  encoder->endEncoding();
  hangs->commit();
  while (static_cast<volatile uint32_t*>(counter->contents())[0] == 0) usleep(1000);
  Bench other;
  CHECK(other.works());
  hangs->waitUntilCompleted();
  CHECK(code_of(hangs) == MTL::CommandBufferErrorTimeout);
}

TEST_CASE("a kernel gets the stack that its private memory needs, with and without a barrier") {
  Bench bench;
  for (const bool barrier : {false, true}) {
    const auto kernel = bench.pipeline("sum_private", barrier);
    REQUIRE_MESSAGE(kernel, bench.problem);
    // Full simdgroups and ragged ones, which run other code.
    for (const uint32_t threads : {128u, 45u}) {
      std::vector<float> values(1000);
      for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 17);
      auto input = bench.buffer(values), output = bench.floats(2 * threads);
      const uint32_t n = 1000;
      const MTL::CommandBuffer* commands = bench.run(kernel.get(), {2, 1, 1}, {threads, 1, 1},
                                                     [&](MTL::ComputeCommandEncoder* encoder) {
                                                       encoder->setBuffer(input.get(), 0, 0);
                                                       encoder->setBuffer(output.get(), 0, 1);
                                                       encoder->setBytes(&n, sizeof n, 2);
                                                     });
      CHECK_MESSAGE(commands->status() == MTL::CommandBufferStatusCompleted,
                    text(commands->error()));
      // Small integers: every order of the sum is exact.
      std::vector<float> expected(2 * threads);
      for (uint32_t i = 0; i < expected.size(); ++i)
        for (uint32_t j = 0; j < 10240; ++j) expected[i] += values[(i + (j * 7 + i) % 10240) % n];
      CHECK(host::values<float>(output.get()) == expected);
    }
  }
  CHECK_FALSE(bench.pipeline("too_private"));
  CHECK(contains(bench.problem, "function 'too_private' takes "));
  CHECK(contains(bench.problem,
                 " bytes of private memory for a simdgroup of 32 threads, 16777216 are there"));
  CHECK(bench.works());
}

TEST_CASE("memory of the caller that is read-only, or a file that shrank, is an error") {
  Bench bench;
  char path[] = "/tmp/anvil-fault-test-XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  unlink(path);
  constexpr size_t kBytes = 64 * 256 * sizeof(float);
  REQUIRE(ftruncate(file, kBytes) == 0);
  void* memory = mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, file, 0);
  REQUIRE(memory != MAP_FAILED);
  auto mapped =
      NS::TransferPtr(bench.device->newBuffer(memory, kBytes, MTL::ResourceStorageModeShared,
                                              static_cast<void (^)(void*, NS::UInteger)>(nullptr)));
  REQUIRE(mapped);
  auto other = bench.floats(64 * 256);
  const MTL::CommandBuffer* commands = bench.reach(other.get(), mapped.get(), 0, 0);
  CHECK(code_of(commands) == MTL::CommandBufferErrorPageFault);
  CHECK(contains(text(commands->error()), "memory that is read-only: offset "));
  CHECK(contains(text(commands->error()), "buffer 1 ('output', 65536 bytes)"));

  CHECK(bench.reach(mapped.get(), other.get(), 0, 0)->status() ==
        MTL::CommandBufferStatusCompleted);
  REQUIRE(ftruncate(file, 8192) == 0);
  commands = bench.reach(mapped.get(), other.get(), 0, 0);
  CHECK(code_of(commands) == MTL::CommandBufferErrorInvalidResource);
  CHECK(contains(text(commands->error()),
                 "the file that is mapped there has become shorter or cannot be read: offset "));
  CHECK(contains(text(commands->error()), "buffer 0 ('input', 65536 bytes)"));

  MTL::CommandBuffer* copies = bench.queue->commandBuffer();
  MTL::BlitCommandEncoder* blit = copies->blitCommandEncoder();
  blit->copyFromBuffer(mapped.get(), 0, other.get(), 0, kBytes);
  blit->endEncoding();
  copies->commit();
  copies->waitUntilCompleted();
  CHECK(code_of(copies) == MTL::CommandBufferErrorInvalidResource);
  CHECK(contains(text(copies->error()), "copy of 65536 bytes: read of memory at 0x"));
  CHECK(bench.works());
  munmap(memory, kBytes);
  close(file);
}
