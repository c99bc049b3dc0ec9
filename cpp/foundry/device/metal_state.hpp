// What device handles point to: the Metal objects. Included by device/*.cpp only.
#pragma once

#define METALCPP_SYMBOL_VISIBILITY_HIDDEN
#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "foundry/core/keep_alive.hpp"
#include "foundry/device/buffer.hpp"
#include "foundry/device/device.hpp"
#include "foundry/device/library.hpp"
#include "foundry/device/pipeline.hpp"

namespace foundry::detail {

/// Autoreleased objects of the current thread live until the end of the scope.
class AutoreleaseScope {
 public:
  AutoreleaseScope() : pool_(NS::TransferPtr(NS::AutoreleasePool::alloc()->init())) {}

 private:
  NS::SharedPtr<NS::AutoreleasePool> pool_;
};

struct DeviceState {
  NS::SharedPtr<MTL::Device> metal;
  std::string name;
  DeviceLimits limits;
  DeviceTraits traits;
  std::atomic<std::uint64_t> memory_limit{0};  // bytes; 0: none

  static const std::shared_ptr<DeviceState>& of(const Device& device) { return device.state_; }
  static Device wrap(std::shared_ptr<DeviceState> state) { return Device(std::move(state)); }
};

struct BufferState : BufferFacts {
  BufferState() = default;
  /// A failure goes with the bytes.
  ~BufferState();
  BufferState(const BufferState&) = delete;
  BufferState& operator=(const BufferState&) = delete;

  KeepAlive owner;  // of borrowed pages: dropped after `metal`, which comes later here
  NS::SharedPtr<MTL::Buffer> metal;
  unsafe::HostMemory host;  // empty for private storage
  HostWindow window;        // empty, or what the host sees instead
  /// Hazard addresses of its own bytes: all, or what was borrowed of the pages.
  std::uint64_t begin = 0, end = 0;
  std::string label;

  static const BufferState& of(const Buffer& buffer) {
    return static_cast<const BufferState&>(*buffer.state_);
  }
  static std::shared_ptr<const void> share(const Buffer& buffer) { return buffer.state_; }
};

struct LibraryState {
  Device device;
  NS::SharedPtr<MTL::Library> metal;
  std::string name;
  std::string log;

  explicit LibraryState(Device its_device) : device(std::move(its_device)) {}

  static Library wrap(std::shared_ptr<const LibraryState> state) {
    return Library(std::move(state));
  }
};

struct PipelineState {
  NS::SharedPtr<MTL::ComputePipelineState> metal;
  Reflection reflection;
  std::uint32_t max_threads = 0;
  std::uint32_t width = 0;
  std::uint64_t static_threadgroup_memory = 0;
  std::uint32_t used_buffers = 0;             // bit i: the function touches [[buffer(i)]]
  std::uint32_t used_threadgroup_memory = 0;  // bit i: it touches [[threadgroup(i)]]

  static const std::shared_ptr<const PipelineState>& of(const Pipeline& pipeline) {
    return pipeline.state_;
  }
  static Pipeline wrap(std::shared_ptr<const PipelineState> state) {
    return Pipeline(std::move(state));
  }
};

/// The text of an NSString or of an NSError's description; `fallback` for nil.
std::string text_of(const NS::String* string, const char* fallback = "");
std::string text_of(const NS::Error* error, const char* fallback);
/// A new NSString with the text.
NS::SharedPtr<NS::String> string_of(const std::string& text);

/// What the device says of itself: Metal's properties, and those that only Anvil's devices have.
DeviceTraits traits_of(MTL::Device* device);

/// "uint", "float4", and the type of that name; DataTypeNone if there is none.
std::string type_name(MTL::DataType type);
MTL::DataType type_of_name(std::string_view name);

/// The reflection Metal returned with a pipeline, in plain C++.
Reflection reflect(const std::string& function, const MTL::ComputePipelineReflection* reflection);

}  // namespace foundry::detail
