// host.hpp: what the tests of the host classes share.
#pragma once

#include <doctest/doctest.h>

#include <Metal/Metal.hpp>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace host {

/// Doctest does not print char* from NS::String.
inline std::string text(const NS::String* string) {
  return string ? std::string(string->utf8String()) : "(nil)";
}
inline std::string text(const NS::Error* error) {
  return error ? text(error->localizedDescription()) : "(no error)";
}
inline NS::String* string(const char* text) {
  return NS::String::string(text, NS::UTF8StringEncoding);
}

inline bool contains(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

/// A pool, the device and a queue for the length of a test.
struct Setup {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  MTL::Device* device = MTL::CreateSystemDefaultDevice();
  MTL::CommandQueue* queue = device->newCommandQueue();

  Setup() = default;
  Setup(const Setup&) = delete;
  ~Setup() {
    queue->release();
    device->release();
    pool->release();
  }

  template <class T>
  NS::SharedPtr<MTL::Buffer> buffer(const std::vector<T>& values) {
    return NS::TransferPtr(device->newBuffer(values.data(), values.size() * sizeof(T),
                                             MTL::ResourceStorageModeShared));
  }
};

using Encode = std::function<void(MTL::ComputeCommandEncoder*)>;

/// With a library of kernels, for one encoder at a time.
struct Bench : Setup {
  NS::SharedPtr<MTL::Library> library;

  explicit Bench(const char* source) {
    NS::Error* error = nullptr;
    library = NS::TransferPtr(device->newLibrary(string(source), nullptr, &error));
    REQUIRE_MESSAGE(library, text(error));
  }
  NS::SharedPtr<MTL::ComputePipelineState> pipeline(const char* name) {
    NS::Error* error = nullptr;
    auto function = NS::TransferPtr(library->newFunction(string(name)));
    auto state = NS::TransferPtr(device->newComputePipelineState(function.get(), &error));
    REQUIRE_MESSAGE(state, text(error));
    return state;
  }
  /// The command buffer once it is done.
  MTL::CommandBuffer* run(const Encode& encode) {
    MTL::CommandBuffer* commands = queue->commandBuffer();
    MTL::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
    encode(encoder);
    encoder->endEncoding();
    commands->commit();
    commands->waitUntilCompleted();
    return commands;
  }
};

/// Whether Metal's validation is on, under which a test's program runs once, and once without.
inline bool validated() {
  return std::string(std::getenv("ANVIL_VALIDATION")) == "1";
}

template <class T>
std::vector<T> values(MTL::Buffer* buffer) {
  const T* first = static_cast<const T*>(buffer->contents());
  return {first, first + buffer->length() / sizeof(T)};
}

}  // namespace host
