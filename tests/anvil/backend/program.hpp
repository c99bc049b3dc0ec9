// program.hpp: a metal-cpp program over the recording device.
#pragma once

#include <string>
#include <vector>

#include "../host/host.hpp"
#include "recording_device.hpp"

using anvil::test::RecordingDevice;
using host::contains;
using host::text;
using Requests = std::vector<std::string>;

struct Params {
  uint32_t n;
  float a;
};

/// A device and what a kernel needs, of which nothing has been noted.
struct Program {
  RecordingDevice& recorder = RecordingDevice::shared();
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  NS::SharedPtr<MTL::Device> device = NS::TransferPtr(MTL::CreateSystemDefaultDevice());
  NS::SharedPtr<MTL::CommandQueue> queue = NS::TransferPtr(device->newCommandQueue());
  NS::SharedPtr<MTL::ComputePipelineState> axpy = pipeline("axpy");

  Program() { recorder.begin_test(); }
  Program(const Program&) = delete;
  ~Program() { pool->release(); }

  NS::SharedPtr<MTL::ComputePipelineState> pipeline(const char* name) {
    NS::Error* error = nullptr;
    auto library = NS::TransferPtr(device->newLibrary(host::string("kernels"), nullptr, &error));
    REQUIRE_MESSAGE(library, text(error));
    auto values = NS::TransferPtr(MTL::FunctionConstantValues::alloc()->init());
    const uint32_t tile = 16;
    values->setConstantValue(&tile, MTL::DataTypeUInt, NS::UInteger{3});
    auto function = NS::TransferPtr(library->newFunction(host::string(name), values.get(), &error));
    auto made = NS::TransferPtr(device->newComputePipelineState(function.get(), &error));
    REQUIRE_MESSAGE(made, text(error));
    return made;
  }
  NS::SharedPtr<MTL::Buffer> buffer(size_t bytes,
                                    MTL::ResourceOptions options = MTL::ResourceStorageModeShared) {
    return NS::TransferPtr(device->newBuffer(bytes, options));
  }
  void encode(MTL::ComputeCommandEncoder* encoder, MTL::Buffer* x, MTL::Buffer* y, uint32_t n) {
    const Params params{n, 2.0f};
    encoder->setComputePipelineState(axpy.get());
    encoder->setBuffer(x, 0, 0);
    encoder->setBuffer(y, 64, 1);
    encoder->setBytes(&params, sizeof params, 2);
    encoder->dispatchThreads({n, 1, 1}, {32, 1, 1});
  }
  /// A command buffer that fills, committed.
  MTL::CommandBuffer* commit_fill(MTL::Buffer* target, uint8_t value) {
    MTL::CommandBuffer* commands = queue->commandBuffer();
    MTL::BlitCommandEncoder* blit = commands->blitCommandEncoder();
    blit->fillBuffer(target, NS::Range(0, 16), value);
    blit->endEncoding();
    commands->commit();
    return commands;
  }
};
