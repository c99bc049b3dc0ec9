#include "anvil/metal/command_buffer.hpp"

#include <new>
#include <utility>
#include <variant>

#include "anvil/metal/async.hpp"
#include "anvil/metal/blit_encoder.hpp"
#include "anvil/metal/compute_encoder.hpp"
#include "anvil/metal/compute_pass.hpp"
#include "anvil/metal/event.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"
#include "anvil/system/spin.hpp"

namespace anvil::metal {
namespace {

std::atomic<uint64_t> next_serial = 1;

constexpr const char* kErrorDomain = "MTLCommandBufferErrorDomain";

/// Made before it is needed: then there is no memory to make it.
const objc::Ref<Error>& out_of_memory() {
  static const objc::Ref<Error>& error = *new objc::Ref<Error>(
      make_error(kErrorDomain, static_cast<NS::Integer>(MTL::CommandBufferErrorOutOfMemory),
                 "command buffer: out of memory"));
  return error;
}

MTL::CommandBufferError error_code(backend::Failure::Kind kind) {
  switch (kind) {
    case backend::Failure::Kind::timeout:
      return MTL::CommandBufferErrorTimeout;
    case backend::Failure::Kind::page_fault:
      return MTL::CommandBufferErrorPageFault;
    case backend::Failure::Kind::out_of_memory:
      return MTL::CommandBufferErrorOutOfMemory;
    case backend::Failure::Kind::invalid_resource:
      return MTL::CommandBufferErrorInvalidResource;
    case backend::Failure::Kind::stack_overflow:
      return MTL::CommandBufferErrorStackOverflow;
    case backend::Failure::Kind::internal:
      break;
  }
  return MTL::CommandBufferErrorInternal;
}

}  // namespace

CommandBuffer::CommandBuffer(objc::Ref<CommandQueue> queue,
                             const CommandBufferDescriptor& descriptor)
    : queue(std::move(queue)),
      retained_references(descriptor.retained_references),
      error_options(descriptor.error_options),
      serial_(next_serial.fetch_add(1, std::memory_order_relaxed)),
      storage_(this->queue->storages.take()) {
  out_of_memory();
}

CommandBuffer::~CommandBuffer() {
  if (status_ == MTL::CommandBufferStatusEnqueued) queue->forget(this);
  if (storage_) queue->storages.put(std::move(storage_));
}

bool CommandBuffer::committed() const {
  std::lock_guard lock(mutex_);
  return status_ >= MTL::CommandBufferStatusCommitted;
}

void CommandBuffer::fail(MTL::CommandBufferError code, const std::string& text) {
  failed_ = true;
  std::lock_guard lock(mutex_);
  if (error_) return;
  try {
    error_ = make_error(kErrorDomain, static_cast<NS::Integer>(code),
                        "command buffer" + quoted(label) + ": " + text);
  } catch (const std::bad_alloc&) {
    error_ = out_of_memory();
  }
}

bool CommandBuffer::can_encode(const char* method) {
  const std::string name = std::string("-[MTLCommandBuffer ") + method + "]: ";
  if (committed()) throw InvalidUse(name + "the command buffer is already committed");
  if (open_encoder_)
    fail(MTL::CommandBufferErrorNotPermitted,
         name + "an encoder is still open: call endEncoding first");
  return recording();
}

template <class Encoder, class... Args>
Encoder* CommandBuffer::begin(const char* method, Args... args) {
  can_encode(method);
  objc::Ref<Encoder> encoder = objc::make<Encoder>(objc::Ref<CommandBuffer>(this), args...);
  open_encoder_ = encoder.get();
  return encoder.autoreleased();
}

ComputeCommandEncoder* CommandBuffer::compute_encoder() {
  return begin<ComputeCommandEncoder>("computeCommandEncoder", MTL::DispatchTypeSerial);
}

ComputeCommandEncoder* CommandBuffer::compute_encoder_of_type(MTL::DispatchType type) {
  return begin<ComputeCommandEncoder>("computeCommandEncoderWithDispatchType:", type);
}

ComputeCommandEncoder* CommandBuffer::compute_encoder_for_pass(const ComputePassDescriptor* pass) {
  return begin<ComputeCommandEncoder>("computeCommandEncoderWithDescriptor:",
                                      pass ? pass->dispatch_type : MTL::DispatchTypeSerial);
}

BlitCommandEncoder* CommandBuffer::blit_encoder() {
  return begin<BlitCommandEncoder>("blitCommandEncoder");
}

void CommandBuffer::encoder_ended(CommandEncoder* encoder) {
  if (open_encoder_ == encoder) open_encoder_ = nullptr;
}

void CommandBuffer::encode_signal(Event* event, uint64_t value) {
  if (!event)
    fail(MTL::CommandBufferErrorInvalidResource,
         "-[MTLCommandBuffer encodeSignalEvent:value:]: nil event");
  if (!can_encode("encodeSignalEvent:value:") || !event) return;
  // Held whatever retained_references says: a failed buffer signals too.
  storage_->held.emplace_back(event);
  commands().push_back(backend::SignalCommand{&event->counter, value});
}

void CommandBuffer::encode_wait(Event* event, uint64_t value) {
  if (!event)
    fail(MTL::CommandBufferErrorInvalidResource,
         "-[MTLCommandBuffer encodeWaitForEvent:value:]: nil event");
  if (!can_encode("encodeWaitForEvent:value:") || !event) return;
  storage_->held.emplace_back(event);
  commands().push_back(backend::WaitCommand{&event->counter, value});
}

void CommandBuffer::push_debug_group(String* name) {
  debug_groups_.emplace_back(name);
}

void CommandBuffer::pop_debug_group() {
  if (debug_groups_.empty())
    fail(MTL::CommandBufferErrorNotPermitted,
         "-[MTLCommandBuffer popDebugGroup]: no group is open");
  else
    debug_groups_.pop_back();
}

void CommandBuffer::hold(Resource* resource) {
  if (!retained_references) return;
  // Two buffers that use a resource by turns take a reference each turn, which harms nobody.
  if (resource->holder.load(std::memory_order_relaxed) == serial_) return;
  resource->holder.store(serial_, std::memory_order_relaxed);
  storage_->held.emplace_back(resource);
}

void CommandBuffer::hold(objc_object* object) {
  if (retained_references) storage_->held.emplace_back(object);
}

void CommandBuffer::enqueue() {
  {
    std::lock_guard lock(mutex_);
    if (status_ != MTL::CommandBufferStatusNotEnqueued)
      throw InvalidUse("-[MTLCommandBuffer enqueue]: the command buffer is already enqueued");
    status_ = MTL::CommandBufferStatusEnqueued;
  }
  queue->enqueue(this);
}

void CommandBuffer::commit() {
  if (committed())
    throw InvalidUse("-[MTLCommandBuffer commit]: command buffer" + quoted(label) +
                     " is already committed");
  if (open_encoder_)
    fail(MTL::CommandBufferErrorNotPermitted,
         "-[MTLCommandBuffer commit]: an encoder is still open: call endEncoding first");
  if (queue->left_behind())
    throw InvalidUse(
        "-[MTLCommandBuffer commit]: this process was forked after it had made the "
        "command queue, whose thread is in the parent");
  MTL::CommandBufferStatus before;
  {
    std::lock_guard lock(mutex_);
    before = std::exchange(status_, MTL::CommandBufferStatusCommitted);
  }
  try {
    queue->commit(objc::Ref<CommandBuffer>(this));
  } catch (const std::bad_alloc&) {  // it is not, and may be once more
    std::lock_guard lock(mutex_);
    status_ = before;
    throw;
  }
}

void CommandBuffer::add_completed_handler(MTL::CommandBufferHandler block) {
  std::lock_guard lock(mutex_);
  if (status_ >= MTL::CommandBufferStatusCommitted)
    throw InvalidUse(
        "-[MTLCommandBuffer addCompletedHandler:]: the command buffer is already committed");
  completed_handlers_.emplace_back(block);
}

void CommandBuffer::add_scheduled_handler(MTL::CommandBufferHandler block) {
  std::lock_guard lock(mutex_);
  if (status_ >= MTL::CommandBufferStatusCommitted)
    throw InvalidUse(
        "-[MTLCommandBuffer addScheduledHandler:]: the command buffer is already committed");
  scheduled_handlers_.emplace_back(block);
}

void CommandBuffer::wait_until_completed() {
  std::unique_lock lock(mutex_);
  if (status_ < MTL::CommandBufferStatusCommitted)
    throw InvalidUse("-[MTLCommandBuffer waitUntilCompleted]: the command buffer is not committed");
  // A handler of the buffer itself must not wait for all handlers to be done.
  const bool in_handler = queue->is_calling_back();
  const auto ready = [&] {
    return done_ || (in_handler && status_ >= MTL::CommandBufferStatusCompleted);
  };
  if (ready()) return;
  lock.unlock();
  spin_until([&] {
    std::lock_guard looking(mutex_);
    return ready();
  });
  lock.lock();
  changed_.wait(lock, ready);
}

void CommandBuffer::wait_until_scheduled() {
  std::unique_lock lock(mutex_);
  if (status_ < MTL::CommandBufferStatusCommitted)
    throw InvalidUse("-[MTLCommandBuffer waitUntilScheduled]: the command buffer is not committed");
  changed_.wait(lock, [&] { return status_ >= MTL::CommandBufferStatusScheduled; });
}

MTL::CommandBufferStatus CommandBuffer::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

Error* CommandBuffer::error() const {
  std::lock_guard lock(mutex_);
  return status_ == MTL::CommandBufferStatusError ? error_.get() : nullptr;
}

double CommandBuffer::gpu_start_time() const {
  std::lock_guard lock(mutex_);
  return start_time_;
}

double CommandBuffer::gpu_end_time() const {
  std::lock_guard lock(mutex_);
  return end_time_;
}

void CommandBuffer::call(std::vector<Handler>& handlers, const char* kind) {
  for (Handler& handler : std::exchange(handlers, {}))
    call_handler(kind, [&] { handler(reinterpret_cast<MTL::CommandBuffer*>(this)); });
}

void CommandBuffer::submit(backend::Queue& device_queue) {
  // After a mistake nothing runs, but nobody shall wait for signals in vain.
  if (failed_)
    std::erase_if(commands(), [](const backend::Command& command) {
      return !std::holds_alternative<backend::SignalCommand>(command);
    });
  work_.commands = commands();
  objc::retain(this);  // until completed()
  try {
    device_queue.submit(work_);
  } catch (...) {
    objc::release(this);
    throw;
  }
}

void CommandBuffer::refuse(const std::exception& error) {
  objc::retain(this);
  scheduled();
  for (const backend::Command& command : commands())
    if (const auto* signal = std::get_if<backend::SignalCommand>(&command))
      signal->event->signal(signal->value);
  backend::Outcome outcome;
  outcome.failure = {backend::Failure::Kind::out_of_memory, error.what()};
  completed(std::move(outcome));
}

void CommandBuffer::scheduled() {
  const CommandQueue::CallBack here(*queue);
  const objc::PoolScope pool;
  {
    std::lock_guard lock(mutex_);
    status_ = MTL::CommandBufferStatusScheduled;
  }
  changed_.notify_all();
  call(scheduled_handlers_, "scheduled");
}

void CommandBuffer::completed(backend::Outcome outcome) {
  const auto self = objc::Ref<CommandBuffer>::adopt(this);  // may be the last, the queue's too
  const CommandQueue::CallBack here(*queue);
  const objc::PoolScope pool;
  if (outcome.failure) fail(error_code(outcome.failure->kind), outcome.failure->text);
  queue->storages.put(std::move(storage_));
  {
    std::lock_guard lock(mutex_);
    start_time_ = outcome.start;
    end_time_ = outcome.end;
    status_ = error_ ? MTL::CommandBufferStatusError : MTL::CommandBufferStatusCompleted;
  }
  call(completed_handlers_, "completed");
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_all();
  queue->finished();
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<CommandBufferDescriptor> descriptor_definition{
    "MTLCommandBufferDescriptor",
    {
        objc::property<&CommandBufferDescriptor::retained_references>("retainedReferences",
                                                                      "setRetainedReferences:"),
        objc::property<&CommandBufferDescriptor::error_options>("errorOptions", "setErrorOptions:"),
        objc::copying<CommandBufferDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<CommandBuffer> definition{
    "MTLCommandBuffer",
    {
        objc::method<&CommandBuffer::device>("device"),
        objc::method<&CommandBuffer::queue_object>("commandQueue"),
        objc::property<&CommandBuffer::label>("label", "setLabel:"),
        objc::property<&CommandBuffer::retained_references>("retainedReferences"),
        objc::property<&CommandBuffer::error_options>("errorOptions"),
        objc::method<&CommandBuffer::compute_encoder>("computeCommandEncoder"),
        objc::method<&CommandBuffer::compute_encoder_of_type>(
            "computeCommandEncoderWithDispatchType:"),
        objc::method<&CommandBuffer::compute_encoder_for_pass>(
            "computeCommandEncoderWithDescriptor:"),
        objc::method<&CommandBuffer::blit_encoder>("blitCommandEncoder"),
        objc::method<&CommandBuffer::encode_signal>("encodeSignalEvent:value:"),
        objc::method<&CommandBuffer::encode_wait>("encodeWaitForEvent:value:"),
        objc::method<&CommandBuffer::push_debug_group>("pushDebugGroup:"),
        objc::method<&CommandBuffer::pop_debug_group>("popDebugGroup"),
        objc::method<&CommandBuffer::use_residency_set>("useResidencySet:"),
        objc::method<&CommandBuffer::use_residency_sets>("useResidencySets:count:"),
        objc::method<&CommandBuffer::enqueue>("enqueue"),
        objc::method<&CommandBuffer::commit>("commit"),
        objc::method<&CommandBuffer::wait_until_completed>("waitUntilCompleted"),
        objc::method<&CommandBuffer::wait_until_scheduled>("waitUntilScheduled"),
        objc::method<&CommandBuffer::add_completed_handler>("addCompletedHandler:"),
        objc::method<&CommandBuffer::add_scheduled_handler>("addScheduledHandler:"),
        objc::method<&CommandBuffer::status>("status"),
        objc::method<&CommandBuffer::error>("error"),
        objc::method<&CommandBuffer::gpu_start_time>("GPUStartTime"),
        objc::method<&CommandBuffer::gpu_end_time>("GPUEndTime"),
        objc::method<&CommandBuffer::gpu_start_time>("kernelStartTime"),
        objc::method<&CommandBuffer::gpu_end_time>("kernelEndTime"),
    }};

}  // namespace
}  // namespace anvil::metal
