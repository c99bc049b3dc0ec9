#include "anvil/metal/mtl4_command_queue.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "anvil/metal/async.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/event.hpp"
#include "anvil/metal/report.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {

void MTL4CommandQueueDescriptor::set_feedback_queue(dispatch_queue_t queue) {
  feedback = objc::Ref<objc_object>(reinterpret_cast<objc_object*>(queue));
}

dispatch_queue_t MTL4CommandQueueDescriptor::feedback_queue() const {
  return reinterpret_cast<dispatch_queue_t>(objc::Ref(feedback).autoreleased());
}

MTL4CommandQueue::MTL4CommandQueue(Device* device, const MTL4CommandQueueDescriptor& descriptor)
    : device(device),
      label(descriptor.label),
      // A commit never waits.
      queue_(objc::make<CommandQueue>(device, std::numeric_limits<size_t>::max())),
      feedback_(descriptor.feedback) {}

namespace {

MTL4::CommandQueueError code_of(NS::Integer code) {
  switch (code) {
    case MTL::CommandBufferErrorTimeout:
      return MTL4::CommandQueueErrorTimeout;
    case MTL::CommandBufferErrorNotPermitted:
      return MTL4::CommandQueueErrorNotPermitted;
    case MTL::CommandBufferErrorOutOfMemory:
      return MTL4::CommandQueueErrorOutOfMemory;
    default:
      return MTL4::CommandQueueErrorInternal;
  }
}

/// What one commit comes to, told once the last of its recordings is completed.
class Commit {
 public:
  Commit(size_t count, const MTL4CommitOptions* options, objc::Ref<objc_object> feedback_queue)
      : pending_(count), queue_(std::move(feedback_queue)) {
    if (options) handlers_ = options->handlers;
  }

  void completed(const CommandBuffer& commands) {
    std::lock_guard lock(mutex_);  // a recording may fail as it is committed
    const double start = commands.gpu_start_time(), end = commands.gpu_end_time();
    if (feedback_->start == 0) feedback_->start = start;
    feedback_->end = std::max(feedback_->end, end);
    if (const Error* error = commands.error(); error && !feedback_->error)
      feedback_->error =
          make_error("MTL4CommandQueueErrorDomain", static_cast<NS::Integer>(code_of(error->code)),
                     description_of(error));
    if (--pending_ == 0) tell();  // the last that needs the lock
  }

 private:
  void tell() {
    // An error that nobody asks for would go unseen.
    if (handlers_.empty() && feedback_->error)
      report("-[MTL4CommandQueue commit:count:]: " + description_of(feedback_->error.get()));
    if (handlers_.empty()) return;
    if (!queue_) return call(handlers_, feedback_);
    const auto handlers = handlers_;
    const auto feedback = feedback_;
    dispatch_async(reinterpret_cast<dispatch_queue_t>(queue_.get()), ^{
      call(handlers, feedback);
    });
  }
  static void call(const std::vector<MTL4CommitOptions::Handler>& handlers,
                   const objc::Ref<MTL4CommitFeedback>& feedback) {
    const objc::PoolScope pool;
    for (const MTL4CommitOptions::Handler& handler : handlers)
      call_handler("commit feedback",
                   [&] { handler(reinterpret_cast<MTL4::CommitFeedback*>(feedback.get())); });
  }

  std::mutex mutex_;
  size_t pending_;
  std::vector<MTL4CommitOptions::Handler> handlers_;
  const objc::Ref<objc_object> queue_;
  const objc::Ref<MTL4CommitFeedback> feedback_ = objc::make<MTL4CommitFeedback>();
};

}  // namespace

void MTL4CommandQueue::check_resident(const MTL4CommandBuffer::Recording& recording) {
  std::lock_guard lock(mutex_);
  const auto resident = [&](Allocation* allocation) {
    const auto has = [=](const objc::Ref<ResidencySet>& set) { return set->contains(allocation); };
    return allocation &&
           (std::ranges::any_of(residency_, has) || std::ranges::any_of(recording.residency, has));
  };
  for (const objc::Ref<Buffer>& buffer : recording.addressed)
    if (!resident(buffer.get()) && !resident(buffer->heap.get()))
      return recording.commands->fail(
          MTL::CommandBufferErrorInvalidResource,
          "buffer" + quoted(buffer->label) + " of " + std::to_string(buffer->length) +
              " bytes is in an argument table, and in no residency set of the command queue's or "
              "the command buffer's");
}

void MTL4CommandQueue::commit(MTL4CommandBuffer* const* buffers, NS::UInteger count) {
  commit_with(buffers, count, nullptr);
}

void MTL4CommandQueue::commit_with(MTL4CommandBuffer* const* buffers, NS::UInteger count,
                                   const MTL4CommitOptions* options) {
  std::vector<MTL4CommandBuffer*> order(buffers, buffers + count);
  for (size_t i = 0; i < order.size(); ++i) {
    if (!order[i])
      throw InvalidUse("-[MTL4CommandQueue commit:count:]: command buffer " + std::to_string(i) +
                       " is nil");
    order[i]->check_recorded();
    if (std::find(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(i), order[i]) !=
        order.begin() + static_cast<std::ptrdiff_t>(i))
      throw InvalidUse("-[MTL4CommandQueue commit:count:]: command buffer" +
                       quoted(order[i]->label) + " is there twice");
  }
  const auto commit = std::make_shared<Commit>(count, options, feedback_);
  for (MTL4CommandBuffer* each : order) {
    const MTL4CommandBuffer::Recording recording = each->take();
    check_resident(recording);
    const objc::Ref<MTL4CommandAllocator> allocator = recording.allocator;
    ++allocator->committed;
    recording.commands->add_completed_handler(^(MTL::CommandBuffer* done) {
      --allocator->committed;
      commit->completed(*reinterpret_cast<CommandBuffer*>(done));
    });
    recording.commands->commit_to(queue_);
  }
}

void MTL4CommandQueue::signal(Event* event, uint64_t value) {
  if (!event) throw InvalidUse("-[MTL4CommandQueue signalEvent:value:]: nil event");
  const auto commands = objc::make<CommandBuffer>(device, CommandBufferDescriptor());
  commands->encode_signal(event, value);
  commands->commit_to(queue_);
}

void MTL4CommandQueue::wait(Event* event, uint64_t value) {
  if (!event) throw InvalidUse("-[MTL4CommandQueue waitForEvent:value:]: nil event");
  const auto commands = objc::make<CommandBuffer>(device, CommandBufferDescriptor());
  commands->encode_wait(event, value);
  commands->commit_to(queue_);
}

void MTL4CommandQueue::add_residency_set(ResidencySet* set) {
  std::lock_guard lock(mutex_);
  if (set) residency_.emplace_back(set);
}

void MTL4CommandQueue::add_residency_sets(ResidencySet* const* sets, NS::UInteger count) {
  for (NS::UInteger i = 0; i < count; ++i) add_residency_set(sets[i]);
}

void MTL4CommandQueue::remove_residency_set(ResidencySet* set) {
  std::lock_guard lock(mutex_);
  std::erase_if(residency_, [=](const objc::Ref<ResidencySet>& each) { return each.get() == set; });
}

void MTL4CommandQueue::remove_residency_sets(ResidencySet* const* sets, NS::UInteger count) {
  for (NS::UInteger i = 0; i < count; ++i) remove_residency_set(sets[i]);
}

namespace {

MTL4CommandQueue* new_queue(Device* device) {
  return objc::make<MTL4CommandQueue>(device, MTL4CommandQueueDescriptor()).detach();
}
MTL4CommandQueue* new_queue_for(Device* device, const MTL4CommandQueueDescriptor* descriptor,
                                Error**) {
  return descriptor ? objc::make<MTL4CommandQueue>(device, *descriptor).detach()
                    : new_queue(device);
}

ANVIL_OBJC_CLASS_DEFINITION<MTL4CommandQueueDescriptor> queue_descriptor_definition{
    "MTL4CommandQueueDescriptor",
    {
        objc::property<&MTL4CommandQueueDescriptor::label>("label", "setLabel:"),
        objc::method<&MTL4CommandQueueDescriptor::feedback_queue>("feedbackQueue"),
        objc::method<&MTL4CommandQueueDescriptor::set_feedback_queue>("setFeedbackQueue:"),
        objc::copying<MTL4CommandQueueDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CommitFeedback> commit_feedback_definition{
    "MTL4CommitFeedback",
    {
        objc::property<&MTL4CommitFeedback::start>("GPUStartTime"),
        objc::property<&MTL4CommitFeedback::end>("GPUEndTime"),
        objc::property<&MTL4CommitFeedback::error>("error"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CommitOptions> commit_options_definition{
    "MTL4CommitOptions",
    {
        objc::method<&MTL4CommitOptions::add_feedback_handler>("addFeedbackHandler:"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CommandQueue> queue_definition{
    "MTL4CommandQueue",
    {
        objc::property<&MTL4CommandQueue::device>("device"),
        objc::property<&MTL4CommandQueue::label>("label"),
        objc::method<&MTL4CommandQueue::commit>("commit:count:"),
        objc::method<&MTL4CommandQueue::commit_with>("commit:count:options:"),
        objc::method<&MTL4CommandQueue::signal>("signalEvent:value:"),
        objc::method<&MTL4CommandQueue::wait>("waitForEvent:value:"),
        objc::method<&MTL4CommandQueue::add_residency_set>("addResidencySet:"),
        objc::method<&MTL4CommandQueue::add_residency_sets>("addResidencySets:count:"),
        objc::method<&MTL4CommandQueue::remove_residency_set>("removeResidencySet:"),
        objc::method<&MTL4CommandQueue::remove_residency_sets>("removeResidencySets:count:"),
    }};

ANVIL_OBJC_CATEGORY<Device> device_queues{{
    objc::function<&new_queue>("newMTL4CommandQueue"),
    objc::function<&new_queue_for>("newMTL4CommandQueueWithDescriptor:error:"),
}};

}  // namespace
}  // namespace anvil::metal
