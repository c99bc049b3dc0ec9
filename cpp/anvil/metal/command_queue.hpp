// MTLCommandQueue: makes command buffers and gives them to the device in their order.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include <Metal/MTLCommandQueue.hpp>

#include "anvil/backend/queue.hpp"
#include "anvil/foundation/string.hpp"
#include "anvil/metal/command_storage.hpp"
#include "anvil/metal/log_state.hpp"

namespace anvil::metal {

struct CommandBuffer;
struct CommandBufferDescriptor;
struct Device;

struct CommandQueueDescriptor : objc::Object {
  using Super = RootObject;

  NS::UInteger max_command_buffer_count = 64;
  objc::Ref<LogState> log_state;
};

struct CommandQueue : objc::Object {
  using Super = RootObject;

  CommandQueue(Device* device, size_t max_command_buffer_count);

  CommandBuffer* command_buffer();
  CommandBuffer* command_buffer_for(const CommandBufferDescriptor* descriptor);
  CommandBuffer* command_buffer_unretained();
  void no_residency(const objc_object*) {}
  void no_residencies(const objc_object* const*, NS::UInteger) {}
  void capture_boundary() {}

  // For command buffers.
  /// Gives the buffer its place in the order. It is not kept alive until it is committed.
  void enqueue(CommandBuffer* buffer);
  /// Takes the place of a buffer that goes away without having been committed.
  void forget(CommandBuffer* buffer);
  /// Lets the buffer run when its turn comes. Waits while max_command_buffer_count are committed.
  void commit(objc::Ref<CommandBuffer> buffer);
  /// One of those that were committed is completed.
  void finished();
  /// Whether this process was forked after the queue was made: its device's threads are in the
  /// parent.
  bool left_behind() const;
  /// Whether the calling thread is in a handler of one of the queue's buffers.
  bool is_calling_back() const;

  /// Has the calling thread be in such a handler, for its scope.
  class CallBack {
   public:
    explicit CallBack(const CommandQueue& queue);
    ~CallBack();
    CallBack(const CallBack&) = delete;
    CallBack& operator=(const CallBack&) = delete;

   private:
    friend CommandQueue;
    const CommandQueue* const queue_;
    const CallBack* const outer_;  // a handler may commit to a queue that calls back at once
  };

  Device* device;
  objc::Ref<String> label;
  objc::Ref<LogState> log_state;  ///< of command buffers that have none of their own
  CommandStoragePool storages;

 private:
  struct Slot {
    CommandBuffer* buffer;
    objc::Ref<CommandBuffer> committed;
  };
  /// Gives the device what is committed and has nothing before it that is not.
  void submit_committed(std::unique_lock<std::mutex>& lock);
  void submit(CommandBuffer& buffer, std::unique_lock<std::mutex>& lock);

  const size_t max_in_flight_;
  const unsigned forks_;
  const std::unique_ptr<backend::Queue> queue_;

  std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::deque<Slot> slots_;
  size_t in_flight_ = 0;
};

}  // namespace anvil::metal
