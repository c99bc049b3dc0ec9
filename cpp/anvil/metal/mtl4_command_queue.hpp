// MTL4CommandQueue: commits recordings, any number of them at a time, and tells how they ended.
#pragma once

#include <dispatch/dispatch.h>
#include <mutex>
#include <vector>

#include <Metal/MTL4CommandQueue.hpp>
#include <Metal/MTL4CommitFeedback.hpp>

#include "anvil/metal/command_queue.hpp"
#include "anvil/metal/mtl4_command_buffer.hpp"

namespace anvil::metal {

struct Event;

struct MTL4CommandQueueDescriptor : objc::Object {
  using Super = RootObject;

  void set_feedback_queue(dispatch_queue_t queue);
  dispatch_queue_t feedback_queue() const;

  objc::Ref<String> label;
  objc::Ref<objc_object> feedback;  ///< null: feedback comes on any thread
};

struct MTL4CommitFeedback : objc::Object {
  using Super = RootObject;

  double start = 0, end = 0;  ///< of all that was committed; seconds of the host's steady clock
  objc::Ref<Error> error;     ///< the first
};

struct MTL4CommitOptions : objc::Object {
  using Super = RootObject;
  using Handler = objc::Block<void(MTL4::CommitFeedback*)>;

  void add_feedback_handler(MTL4::CommitFeedbackHandler handler) { handlers.emplace_back(handler); }

  std::vector<Handler> handlers;
};

struct MTL4CommandQueue : objc::Object {
  using Super = RootObject;

  MTL4CommandQueue(Device* device, const MTL4CommandQueueDescriptor& descriptor);

  // Throw InvalidUse, and commit nothing, where one of them has nothing recorded.
  void commit(MTL4CommandBuffer* const* buffers, NS::UInteger count);
  void commit_with(MTL4CommandBuffer* const* buffers, NS::UInteger count,
                   const MTL4CommitOptions* options);
  void signal(Event* event, uint64_t value);
  void wait(Event* event, uint64_t value);
  void add_residency_set(ResidencySet* set);
  void add_residency_sets(ResidencySet* const* sets, NS::UInteger count);
  void remove_residency_set(ResidencySet* set);
  void remove_residency_sets(ResidencySet* const* sets, NS::UInteger count);

  Device* device;
  const objc::Ref<String> label;

 private:
  /// Has the recording fail where what it reaches by address is in no residency set.
  void check_resident(const MTL4CommandBuffer::Recording& recording);

  const objc::Ref<CommandQueue> queue_;
  const objc::Ref<objc_object> feedback_;
  std::mutex mutex_;  // guards the rest
  std::vector<objc::Ref<ResidencySet>> residency_;
};

}  // namespace anvil::metal
