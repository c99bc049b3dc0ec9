// Both kernels of default.metallib, one after the other.
#include <cstdio>

#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#define CA_PRIVATE_IMPLEMENTATION
#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>

int main() {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  MTL::Device* device = MTL::CreateSystemDefaultDevice();
  MTL::Library* library = device->newDefaultLibrary();
  const float values[2] = {1, 5};
  MTL::Buffer* buffer = device->newBuffer(values, sizeof values, MTL::ResourceStorageModeShared);
  MTL::CommandBuffer* commands = device->newCommandQueue()->commandBuffer();
  MTL::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
  for (const char* name : {"twice", "plus"}) {
    NS::Error* error = nullptr;
    MTL::Function* function =
        library->newFunction(NS::String::string(name, NS::UTF8StringEncoding));
    encoder->setComputePipelineState(device->newComputePipelineState(function, &error));
    encoder->setBuffer(buffer, 0, 0);
    encoder->dispatchThreads(MTL::Size(2, 1, 1), MTL::Size(2, 1, 1));
  }
  encoder->endEncoding();
  commands->commit();
  commands->waitUntilCompleted();
  const auto* result = static_cast<const float*>(buffer->contents());
  const bool is_right = result[0] == 8 && result[1] == 16;
  pool->release();
  std::puts(is_right ? "ok" : "wrong");
  return !is_right;
}
