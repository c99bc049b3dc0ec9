// What Metal's own calls cost on Anvil: a message, a dispatch's encoding, a command buffer.
#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#include <Metal/Metal.hpp>
#include <atomic>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cost.hpp"

namespace {

constexpr int kRepeats = 40;

constexpr const char* kSource = R"(
kernel void five(device float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                 device const float* c [[buffer(2)]], constant float& d [[buffer(3)]],
                 constant uint& e [[buffer(4)]], uint i [[thread_position_in_grid]]) {
  if (i == e) a[i] = b[i] * d + c[i];
}
)";

/// Without being moved out of a loop.
void use(uint64_t value) {
  asm volatile("" ::"r"(value));
}

}  // namespace

int main() try {
  NS::AutoreleasePool* const pool = NS::AutoreleasePool::alloc()->init();
  MTL::Device* const device = MTL::CreateSystemDefaultDevice();
  MTL::CommandQueue* const queue = device->newCommandQueue();
  NS::Error* error = nullptr;
  MTL::Library* const library =
      device->newLibrary(NS::String::string(kSource, NS::UTF8StringEncoding), nullptr, &error);
  if (!library) throw std::runtime_error(error->localizedDescription()->utf8String());
  MTL::ComputePipelineState* const pipeline =
      device->newComputePipelineState(library->newFunction(MTLSTR("five")), &error);
  if (!pipeline) throw std::runtime_error(error->localizedDescription()->utf8String());
  MTL::Buffer* buffers[3];
  for (MTL::Buffer*& each : buffers) each = device->newBuffer(4096, MTL::ResourceStorageModeShared);

  std::vector<bench::Cost> costs;
  constexpr int kMessages = 100000;
  costs.push_back(bench::measure("a message: -[MTLBuffer length]", kMessages, kRepeats, [&] {
    for (int i = 0; i < kMessages; ++i) use(buffers[0]->length());
  }));

  constexpr int kDispatches = 500;
  NS::AutoreleasePool* inner = nullptr;
  MTL::CommandBuffer* commands = nullptr;
  MTL::ComputeCommandEncoder* encoder = nullptr;
  const auto begin = [&] {
    inner = NS::AutoreleasePool::alloc()->init();
    commands = queue->commandBuffer();
    encoder = commands->computeCommandEncoder();
    encoder->setComputePipelineState(pipeline);
  };
  begin();
  costs.push_back(bench::measure(
      "a dispatch with five arguments, encoded", kDispatches, kRepeats,
      [&] {
        for (uint32_t i = 0; i < kDispatches; ++i) {
          const float factor = 2;
          encoder->setBuffer(buffers[0], 0, 0);
          encoder->setBuffer(buffers[1], 0, 1);
          encoder->setBuffer(buffers[2], 0, 2);
          encoder->setBytes(&factor, sizeof factor, 3);
          encoder->setBytes(&i, sizeof i, 4);
          encoder->dispatchThreads(MTL::Size(32, 1, 1), MTL::Size(32, 1, 1));
        }
      },
      [&] {
        encoder->endEncoding();
        commands->commit();
        commands->waitUntilCompleted();
        inner->release();
        begin();
      }));
  encoder->endEncoding();
  inner->release();

  // One after the other without waiting for any but the last: what each costs, not how long a
  // thread takes to wake up.
  constexpr int kCommandBuffers = 60;
  std::atomic<int> completed = 0;
  costs.push_back(bench::measure(
      "a command buffer, from its making to its completed handler", kCommandBuffers, kRepeats, [&] {
        completed = 0;
        NS::AutoreleasePool* const buffers_pool = NS::AutoreleasePool::alloc()->init();
        for (int i = 0; i < kCommandBuffers; ++i) {
          MTL::CommandBuffer* const each = queue->commandBuffer();
          each->addCompletedHandler([&](MTL::CommandBuffer*) { ++completed; });
          each->commit();
        }
        while (completed != kCommandBuffers) std::this_thread::yield();
        buffers_pool->release();
      }));
  bench::print(costs);
  pool->release();
} catch (const std::exception& error) {
  std::fprintf(stderr, "metal_costs: %s\n", error.what());
  return 1;
}
