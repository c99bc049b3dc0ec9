// metal-cpp, with what Apple's SDK has beside it.
#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>
#include <os/log.h>
#include <simd/simd.h>
#include <sys/sysctl.h>

#include <cstdio>

#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#define CA_PRIVATE_IMPLEMENTATION
#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>
#include <QuartzCore/QuartzCore.hpp>

int main() {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  MTL::Device* device = MTL::CreateSystemDefaultDevice();
  NS::Error* error = nullptr;
  NS::String* source = NS::String::string(
      "kernel void twice(device float4* x, uint i [[thread_position_in_grid]]) { x[i] *= 2; }",
      NS::UTF8StringEncoding);
  MTL::Library* library = device->newLibrary(source, nullptr, &error);
  assert(library);
  MTL::Function* function = library->newFunction(MTLSTR("twice"));
  MTL::ComputePipelineState* pipeline = device->newComputePipelineState(function, &error);
  const simd::float4 values[2] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
  MTL::Buffer* buffer = device->newBuffer(values, sizeof values, MTL::ResourceStorageModeShared);
  MTL::CommandBuffer* commands = device->newCommandQueue()->commandBuffer();
  MTL::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
  encoder->setComputePipelineState(pipeline);
  encoder->setBuffer(buffer, 0, 0);
  encoder->dispatchThreads(MTL::Size(2, 1, 1), MTL::Size(2, 1, 1));
  encoder->endEncoding();
  commands->commit();
  commands->waitUntilCompleted();
  const auto* result = static_cast<const simd::float4*>(buffer->contents());
  __block float sum = 0;
  dispatch_sync(dispatch_get_global_queue(QOS_CLASS_DEFAULT, 0), ^{
    sum = simd_reduce_add(result[0]) + simd_reduce_add(result[1]);
  });
  uint64_t memory = 0;
  size_t size = sizeof memory;
  assert(sysctlbyname("hw.memsize", &memory, &size, nullptr, 0) == 0 && memory > 0);
  os_log(OS_LOG_DEFAULT, "sum %g", static_cast<double>(sum));
  pool->release();
  std::puts(sum == 72 ? "ok" : "wrong");
  return sum != 72;
}
