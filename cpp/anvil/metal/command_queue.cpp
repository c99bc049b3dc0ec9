#include "anvil/metal/command_queue.hpp"

#include "anvil/metal/command_buffer.hpp"

namespace anvil::metal {
namespace {

CommandBuffer* make_buffer(CommandQueue* queue, const CommandBufferDescriptor& descriptor) {
  return objc::make<CommandBuffer>(objc::Ref<CommandQueue>(queue), descriptor).autoreleased();
}

}  // namespace

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

ANVIL_OBJC_CLASS_DEFINITION<CommandQueueDescriptor> descriptor_definition{
    "MTLCommandQueueDescriptor",
    {
        objc::property<&CommandQueueDescriptor::max_command_buffer_count>(
            "maxCommandBufferCount", "setMaxCommandBufferCount:"),
        objc::copying<CommandQueueDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<CommandQueue> definition{
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
