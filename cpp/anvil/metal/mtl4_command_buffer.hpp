// MTL4CommandBuffer and MTL4CommandAllocator: commands recorded between begin and end, any number
// of times. Each recording is a CommandBuffer, which has a queue from when it is committed.
#pragma once

#include <atomic>
#include <vector>

#include <Metal/MTL4CommandAllocator.hpp>
#include <Metal/MTL4CommandBuffer.hpp>

#include "anvil/metal/buffer.hpp"
#include "anvil/metal/command_buffer.hpp"
#include "anvil/metal/residency_set.hpp"

namespace anvil::metal {

struct Fence;
struct MTL4ComputeCommandEncoder;
struct MTL4CounterHeap;

struct MTL4CommandAllocatorDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<String> label;
};

struct MTL4CommandAllocator : objc::Object {
  using Super = RootObject;

  MTL4CommandAllocator(Device* device, objc::Ref<String> label)
      : device(device), label(std::move(label)) {}

  /// Recordings have memory of their own, so that there is nothing to free.
  void reset();

  Device* device;
  objc::Ref<String> label;
  std::atomic<unsigned> committed = 0;  ///< recordings that were, and are not completed
  std::atomic<bool> recording = false;
};

struct MTL4CommandBufferOptions : objc::Object {
  using Super = RootObject;

  objc::Ref<LogState> log_state;
};

struct MTL4CommandBuffer : objc::Object {
  using Super = RootObject;

  explicit MTL4CommandBuffer(Device* device) : device(device) {}
  ~MTL4CommandBuffer();

  void begin(MTL4CommandAllocator* allocator);
  void begin_with(MTL4CommandAllocator* allocator, const MTL4CommandBufferOptions* options);
  MTL4ComputeCommandEncoder* compute_encoder();
  void end();
  void push_debug_group(String* name);
  void pop_debug_group();
  // mtl4_counter_heap.cpp
  void write_timestamp(const MTL4CounterHeap* heap, NS::UInteger index);
  void resolve_counters(const MTL4CounterHeap* heap, NS::Range range, MTL4::BufferRange to,
                        const Fence*, const Fence*);
  void use_residency_set(ResidencySet* set);
  void use_residency_sets(ResidencySet* const* sets, NS::UInteger count);

  /// What begin to end have recorded.
  struct Recording {
    objc::Ref<CommandBuffer> commands;
    objc::Ref<MTL4CommandAllocator> allocator;
    std::vector<objc::Ref<ResidencySet>> residency;
    /// Whose addresses argument tables gave, where validation asks for them.
    std::vector<objc::Ref<Buffer>> addressed;
  };
  /// Throws InvalidUse unless there is one that has ended.
  void check_recorded() const;
  Recording take();
  /// For its encoders, while it records.
  Recording& recording() { return recording_; }

  Device* device;
  objc::Ref<String> label;

 private:
  CommandBuffer& open(const char* method);

  bool is_open_ = false;
  Recording recording_;
};

}  // namespace anvil::metal
