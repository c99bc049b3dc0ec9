// MTLCommandQueue: makes command buffers and runs them in order.
#pragma once

#include <memory>

#include <Metal/MTLCommandQueue.hpp>

#include "anvil/foundation/string.hpp"
#include "anvil/metal/command_storage.hpp"
#include "anvil/metal/queue_worker.hpp"

namespace anvil::metal {

struct CommandBufferDescriptor;
struct Device;

struct CommandQueueDescriptor : objc::Object {
  using Super = RootObject;

  NS::UInteger max_command_buffer_count = 64;
};

struct CommandQueue : objc::Object {
  using Super = RootObject;

  CommandQueue(Device* device, size_t max_command_buffer_count)
      : device(device), worker(std::make_shared<QueueWorker>(max_command_buffer_count)) {}
  ~CommandQueue() { worker->stop(); }

  CommandBuffer* command_buffer();
  CommandBuffer* command_buffer_for(const CommandBufferDescriptor* descriptor);
  CommandBuffer* command_buffer_unretained();
  void no_residency(const objc_object*) {}
  void no_residencies(const objc_object* const*, NS::UInteger) {}
  void capture_boundary() {}

  Device* device;
  objc::Ref<String> label;
  CommandStoragePool storages;
  const std::shared_ptr<QueueWorker> worker;
};

}  // namespace anvil::metal
