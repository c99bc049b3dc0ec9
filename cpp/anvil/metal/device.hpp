// MTLDevice: a device of the backend as Metal has it.
#pragma once

#include <Metal/MTLDevice.hpp>

#include <atomic>

#include "anvil/backend/device.hpp"
#include "anvil/foundation/url.hpp"
#include "anvil/metal/argument_encoder.hpp"
#include "anvil/metal/buffer.hpp"
#include "anvil/metal/command_queue.hpp"
#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/counter_sample_buffer.hpp"
#include "anvil/metal/descriptor_table.hpp"
#include "anvil/metal/event.hpp"
#include "anvil/metal/fence.hpp"
#include "anvil/metal/heap.hpp"
#include "anvil/metal/indirect_command_buffer.hpp"
#include "anvil/metal/library.hpp"
#include "anvil/metal/log_state.hpp"
#include "anvil/metal/residency_set.hpp"
#include "anvil/metal/resource_addresses.hpp"

namespace anvil::metal {

struct Architecture : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
};

struct Device : objc::Object {
  using Super = RootObject;

  using LibraryHandler = void (^)(Library*, Error*);
  using PipelineHandler = void (^)(ComputePipelineState*, Error*);
  using ReflectionHandler = void (^)(ComputePipelineState*, ComputePipelineReflection*, Error*);

  Device(backend::Device& backend, uint64_t registry_id);

  // Facts.
  NS::UInteger max_buffer_length() const { return facts.max_buffer_length; }
  uint64_t recommended_working_set() const { return facts.recommended_working_set; }
  bool has_unified_memory() const { return facts.unified_memory; }
  NS::UInteger current_allocated_size() const { return backend.allocated(); }
  MTL::Size max_threads_per_threadgroup() const;
  NS::UInteger max_threadgroup_memory() const { return facts.max_threadgroup_memory; }
  NS::UInteger max_compile_tasks() const;
  /// A number that Metal has no property for, by its name in the device's facts; 0 for others.
  uint64_t trait(String* asked) const;
  bool supports_family(MTL::GPUFamily family) const;
  /// Buffers may hold the gpuAddress of others.
  MTL::ArgumentBuffersTier argument_buffers() const { return MTL::ArgumentBuffersTier2; }
  MTL::ReadWriteTextureTier read_write_textures() const { return MTL::ReadWriteTextureTier2; }
  MTL::DeviceLocation location() const { return MTL::DeviceLocationBuiltIn; }
  MTL::SizeAndAlign heap_buffer_size(NS::UInteger length, MTL::ResourceOptions options);
  void sample_timestamps(MTL::Timestamp* cpu, MTL::Timestamp* gpu);
  uint64_t timestamp_frequency() { return 1'000'000'000; }

  // Objects that the caller owns.
  Buffer* new_buffer(NS::UInteger length, MTL::ResourceOptions options);
  Buffer* new_buffer_with_bytes(const void* bytes, NS::UInteger length,
                                MTL::ResourceOptions options);
  Buffer* new_buffer_without_copy(void* pointer, NS::UInteger length, MTL::ResourceOptions options,
                                  Deallocator::Literal deallocator);
  Heap* new_heap(const HeapDescriptor* descriptor);
  CommandQueue* new_queue();
  CommandQueue* new_queue_of(NS::UInteger max_command_buffers);
  CommandQueue* new_queue_for(const CommandQueueDescriptor* descriptor);
  Library* new_library(String* source, CompileOptions* options, Error** error);
  void new_library_async(String* source, CompileOptions* options, LibraryHandler handler);
  Library* new_library_from_url(const URL* url, Error** error);
  Library* new_library_from_file(String* path, Error** error);
  Library* new_library_from_data(dispatch_data_t data, Error** error);
  Library* new_default_library();
  Library* new_default_library_of(objc_object* bundle, Error** error);
  ComputePipelineState* new_pipeline(Function* function, Error** error);
  ComputePipelineState* new_pipeline_reflecting(Function* function, MTL::PipelineOption options,
                                                ComputePipelineReflection** reflection,
                                                Error** error);
  ComputePipelineState* new_pipeline_for(ComputePipelineDescriptor* descriptor,
                                         MTL::PipelineOption options,
                                         ComputePipelineReflection** reflection, Error** error);
  void new_pipeline_async(Function* function, PipelineHandler handler);
  void new_pipeline_reflecting_async(Function* function, MTL::PipelineOption options,
                                     ReflectionHandler handler);
  void new_pipeline_for_async(ComputePipelineDescriptor* descriptor, MTL::PipelineOption options,
                              ReflectionHandler handler);
  // Extensions of Anvil's: cancellation.hpp.
  void use_cancellation(const std::atomic<bool>* flag);
  void cancel_compilations();
  IndirectCommandBuffer* new_indirect_command_buffer(
      const IndirectCommandBufferDescriptor* descriptor, NS::UInteger size,
      MTL::ResourceOptions options);
  bool supports_sampling(MTL::CounterSamplingPoint point) const;
  Array* counter_sets() const;
  CounterSampleBuffer* new_counter_sample_buffer(const CounterSampleBufferDescriptor* descriptor,
                                                 Error** error);
  ArgumentEncoder* new_argument_encoder(const Array* descriptors);
  ArgumentEncoder* new_argument_encoder_for(const Binding* binding);
  Event* new_event();
  SharedEvent* new_shared_event();
  SharedEvent* new_shared_event_from(SharedEventHandle* handle);
  Fence* new_fence();
  LogState* new_log_state(const LogStateDescriptor* descriptor, Error** error);
  ResidencySet* new_residency_set(ResidencySetDescriptor* descriptor, Error** error);

  backend::Device& backend;
  const backend::Facts& facts;
  const uint64_t registry_id;
  const objc::Ref<String> name;
  const objc::Ref<Architecture> architecture;
  DescriptorTable descriptors{backend};  ///< of textures
  ResourceAddresses addresses;
  bool maximize_concurrent_compilation = false;
};

}  // namespace anvil::metal
