#include "anvil/metal/command_queue.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "anvil/metal/command_buffer.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/system/forks.hpp"

namespace anvil::metal {
namespace {

CommandBuffer* make_buffer(CommandQueue* queue, const CommandBufferDescriptor& descriptor) {
  return objc::make<CommandBuffer>(objc::Ref<CommandQueue>(queue), descriptor).autoreleased();
}

thread_local const CommandQueue::CallBack* innermost = nullptr;

}  // namespace

CommandQueue::CallBack::CallBack(const CommandQueue& queue) : queue_(&queue), outer_(innermost) {
  innermost = this;
}

CommandQueue::CallBack::~CallBack() {
  innermost = outer_;
}

bool CommandQueue::is_calling_back() const {
  const CallBack* each = innermost;
  while (each && each->queue_ != this) each = each->outer_;
  return each != nullptr;
}

CommandQueue::CommandQueue(Device* device, size_t max_command_buffer_count)
    : device(device),
      max_in_flight_(max_command_buffer_count),
      forks_(forks()),
      queue_(device->backend.make_queue()) {}

bool CommandQueue::left_behind() const {
  return forks() != forks_;
}

void CommandQueue::enqueue(CommandBuffer* buffer) {
  std::lock_guard lock(mutex_);
  slots_.push_back({buffer, nullptr});
}

void CommandQueue::forget(CommandBuffer* buffer) {
  std::unique_lock lock(mutex_);
  std::erase_if(slots_, [=](const Slot& slot) { return slot.buffer == buffer; });
  submit_committed(lock);
}

void CommandQueue::commit(objc::Ref<CommandBuffer> buffer) {
  std::unique_lock lock(mutex_);
  if (!is_calling_back()) changed_.wait(lock, [this] { return in_flight_ < max_in_flight_; });
  if (slots_.empty()) {
    ++in_flight_;
    return submit(*buffer, lock);
  }
  const auto slot = std::ranges::find(slots_, buffer.get(), &Slot::buffer);
  if (slot == slots_.end())
    slots_.push_back({buffer.get(), std::move(buffer)});
  else
    slot->committed = std::move(buffer);
  ++in_flight_;
  submit_committed(lock);
}

void CommandQueue::submit_committed(std::unique_lock<std::mutex>& lock) {
  while (!slots_.empty() && slots_.front().committed) {
    const objc::Ref<CommandBuffer> buffer = std::move(slots_.front().committed);
    slots_.pop_front();
    submit(*buffer, lock);
  }
}

void CommandQueue::submit(CommandBuffer& buffer, std::unique_lock<std::mutex>& lock) {
  try {
    buffer.submit(*queue_);
  } catch (const std::exception& error) {
    lock.unlock();
    buffer.refuse(error);
    lock.lock();
  }
}

void CommandQueue::finished() {
  std::lock_guard lock(mutex_);
  --in_flight_;
  changed_.notify_all();
}

CommandBuffer* CommandQueue::command_buffer() {
  return make_buffer(this, {});
}

CommandBuffer* CommandQueue::command_buffer_for(const CommandBufferDescriptor* descriptor) {
  return descriptor ? make_buffer(this, *descriptor) : command_buffer();
}

CommandBuffer* CommandQueue::command_buffer_unretained() {
  CommandBufferDescriptor descriptor;
  descriptor.retained_references = false;
  return make_buffer(this, descriptor);
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<CommandQueueDescriptor> command_queue_descriptor_definition{
    "MTLCommandQueueDescriptor",
    {
        objc::property<&CommandQueueDescriptor::max_command_buffer_count>(
            "maxCommandBufferCount", "setMaxCommandBufferCount:"),
        objc::property<&CommandQueueDescriptor::log_state>("logState", "setLogState:"),
        objc::copying<CommandQueueDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<CommandQueue> command_queue_definition{
    "MTLCommandQueue",
    {
        objc::property<&CommandQueue::device>("device"),
        objc::property<&CommandQueue::label>("label", "setLabel:"),
        objc::method<&CommandQueue::command_buffer>("commandBuffer"),
        objc::method<&CommandQueue::command_buffer_for>("commandBufferWithDescriptor:"),
        objc::method<&CommandQueue::command_buffer_unretained>(
            "commandBufferWithUnretainedReferences"),
        // Memory is always resident.
        objc::method<&CommandQueue::no_residency>("addResidencySet:"),
        objc::method<&CommandQueue::no_residencies>("addResidencySets:count:"),
        objc::method<&CommandQueue::no_residency>("removeResidencySet:"),
        objc::method<&CommandQueue::no_residencies>("removeResidencySets:count:"),
        objc::method<&CommandQueue::capture_boundary>("insertDebugCaptureBoundary"),
    }};

}  // namespace
}  // namespace anvil::metal
