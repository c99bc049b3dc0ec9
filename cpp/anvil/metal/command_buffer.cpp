#include "anvil/metal/command_buffer.hpp"

#include <new>
#include <utility>

#include "anvil/metal/blit_encoder.hpp"
#include "anvil/metal/compute_encoder.hpp"
#include "anvil/metal/compute_pass.hpp"
#include "anvil/metal/event.hpp"
#include "anvil/metal/validation.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {
namespace {

std::atomic<uint64_t> next_serial = 1;

constexpr const char* kErrorDomain = "MTLCommandBufferErrorDomain";

/// Made before it is needed: then there is no memory to make it.
const objc::Ref<Error>& out_of_memory() {
  static const objc::Ref<Error>& error = *new objc::Ref<Error>(objc::lasting([] {
    return make_error(kErrorDomain, static_cast<NS::Integer>(MTL::CommandBufferErrorOutOfMemory),
                      "command buffer: out of memory");
  }));
  return error;
}

}  // namespace

namespace {

template <class Attachments>
void sample(CommandEncoder& encoder, const Attachments& attachments) {
  for (const auto& attachment : attachments.items) {
    if (!attachment || !attachment->buffer) continue;
    if (attachment->at_start != MTL::CounterDontSample)
      encode_sample(*encoder.buffer, "startOfEncoderSampleIndex", attachment->buffer.get(),
                    attachment->at_start);
    if (attachment->at_end != MTL::CounterDontSample)
      encoder.sample_at_end(attachment->buffer, attachment->at_end);
  }
}

}  // namespace

CommandBuffer::CommandBuffer(objc::Ref<CommandQueue> its_queue,
                             const CommandBufferDescriptor& descriptor)
    : queue(std::move(its_queue)),
      retained_references(descriptor.retained_references),
      error_options(descriptor.error_options),
      log_state(descriptor.log_state ? descriptor.log_state : queue->log_state),
      device_(queue->device),
      serial_(next_serial.fetch_add(1, std::memory_order_relaxed)),
      storage_(queue->storages.take()) {
  if (log_state) work_.log_room = log_state->room;
  out_of_memory();
}

CommandBuffer::CommandBuffer(Device* device, const CommandBufferDescriptor& descriptor)
    : retained_references(descriptor.retained_references),
      error_options(descriptor.error_options),
      log_state(descriptor.log_state),
      device_(device),
      serial_(next_serial.fetch_add(1, std::memory_order_relaxed)),
      storage_(std::make_unique<CommandStorage>()) {
  if (log_state) work_.log_room = log_state->room;
  out_of_memory();
}

CommandBuffer::~CommandBuffer() {
  if (status_ == MTL::CommandBufferStatusEnqueued) queue->forget(this);
  if (storage_ && queue) queue->storages.put(std::move(storage_));
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

std::string CommandBuffer::mistake() const {
  static const SEL text = sel_registerName("localizedDescription");
  const objc::PoolScope pool;
  std::lock_guard lock(mutex_);
  return error_ ? std::string(utf8(objc::send<String*>(error_.get(), text))) : "";
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
  encoder_began(encoder.get());
  return encoder.autoreleased();
}

ComputeCommandEncoder* CommandBuffer::compute_encoder() {
  return begin<ComputeCommandEncoder>("computeCommandEncoder", MTL::DispatchTypeSerial);
}

ComputeCommandEncoder* CommandBuffer::compute_encoder_of_type(MTL::DispatchType type) {
  return begin<ComputeCommandEncoder>("computeCommandEncoderWithDispatchType:", type);
}

ComputeCommandEncoder* CommandBuffer::compute_encoder_for_pass(const ComputePassDescriptor* pass) {
  auto* encoder = begin<ComputeCommandEncoder>(
      "computeCommandEncoderWithDescriptor:", pass ? pass->dispatch_type : MTL::DispatchTypeSerial);
  if (pass) sample(*encoder, *pass->attachments);
  return encoder;
}

BlitCommandEncoder* CommandBuffer::blit_encoder_for_pass(const BlitPassDescriptor* pass) {
  auto* encoder = begin<BlitCommandEncoder>("blitCommandEncoderWithDescriptor:");
  if (pass) sample(*encoder, *pass->attachments);
  return encoder;
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
  if (const auto refusal = validation::of_debug_group_end(debug_groups_.size()))
    fail(MTL::CommandBufferErrorNotPermitted, "-[MTLCommandBuffer popDebugGroup]: " + *refusal);
  if (!debug_groups_.empty()) debug_groups_.pop_back();
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

namespace {

ANVIL_OBJC_CLASS_DEFINITION<CommandBufferDescriptor> command_buffer_descriptor_definition{
    "MTLCommandBufferDescriptor",
    {
        objc::property<&CommandBufferDescriptor::retained_references>("retainedReferences",
                                                                      "setRetainedReferences:"),
        objc::property<&CommandBufferDescriptor::error_options>("errorOptions", "setErrorOptions:"),
        objc::property<&CommandBufferDescriptor::log_state>("logState", "setLogState:"),
        objc::copying<CommandBufferDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<CommandBuffer> command_buffer_definition{
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
        objc::method<&CommandBuffer::blit_encoder_for_pass>("blitCommandEncoderWithDescriptor:"),
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
        objc::method<&CommandBuffer::no_function_logs>("logs"),
        objc::method<&CommandBuffer::gpu_start_time>("GPUStartTime"),
        objc::method<&CommandBuffer::gpu_end_time>("GPUEndTime"),
        objc::method<&CommandBuffer::gpu_start_time>("kernelStartTime"),
        objc::method<&CommandBuffer::gpu_end_time>("kernelEndTime"),
    }};

}  // namespace
}  // namespace anvil::metal
