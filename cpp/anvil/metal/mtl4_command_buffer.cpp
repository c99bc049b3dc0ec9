#include "anvil/metal/mtl4_command_buffer.hpp"

#include <utility>

#include "anvil/metal/answers.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/mtl4_compute_encoder.hpp"
#include "anvil/objc/errors.hpp"
#include "anvil/service/environment.hpp"

namespace anvil::metal {

void MTL4CommandAllocator::reset() {
  const std::string method = "-[MTL4CommandAllocator reset]: allocator" + quoted(label);
  if (recording) throw InvalidUse(method + " is recorded with");
  if (committed > 0 && service::validation())
    throw InvalidUse(method + " has " + std::to_string(committed) +
                     " command buffers that are not completed");
}

MTL4CommandBuffer::~MTL4CommandBuffer() {
  if (is_open_) recording_.allocator->recording = false;
}

void MTL4CommandBuffer::begin(MTL4CommandAllocator* allocator) {
  begin_with(allocator, nullptr);
}

void MTL4CommandBuffer::begin_with(MTL4CommandAllocator* allocator,
                                   const MTL4CommandBufferOptions* options) {
  const std::string method = "-[MTL4CommandBuffer beginCommandBufferWithAllocator:]: ";
  if (!allocator) throw InvalidUse(method + "nil allocator");
  if (is_open_)
    throw InvalidUse(method + "command buffer" + quoted(label) +
                     " is recording: call endCommandBuffer first");
  if (allocator->recording.exchange(true))
    throw InvalidUse(method + "another command buffer is recording with allocator" +
                     quoted(allocator->label));
  CommandBufferDescriptor descriptor;
  if (options) descriptor.log_state = options->log_state;
  recording_ = {objc::make<CommandBuffer>(device, descriptor),
                objc::Ref<MTL4CommandAllocator>(allocator),
                {},
                {}};
  recording_.commands->label = label;
  is_open_ = true;
}

CommandBuffer& MTL4CommandBuffer::open(const char* method) {
  if (!is_open_)
    throw InvalidUse(std::string("-[MTL4CommandBuffer ") + method + "]: command buffer" +
                     quoted(label) +
                     " is not recording: call beginCommandBufferWithAllocator: first");
  return *recording_.commands;
}

MTL4ComputeCommandEncoder* MTL4CommandBuffer::compute_encoder() {
  CommandBuffer& commands = open("computeCommandEncoder");
  commands.can_encode("computeCommandEncoder");
  return objc::make<MTL4ComputeCommandEncoder>(objc::Ref<MTL4CommandBuffer>(this)).autoreleased();
}

void MTL4CommandBuffer::end() {
  open("endCommandBuffer").can_encode("endCommandBuffer");
  is_open_ = false;
  recording_.allocator->recording = false;
}

void MTL4CommandBuffer::push_debug_group(String* name) {
  open("pushDebugGroup:").push_debug_group(name);
}

void MTL4CommandBuffer::pop_debug_group() {
  open("popDebugGroup").pop_debug_group();
}

void MTL4CommandBuffer::use_residency_set(ResidencySet* set) {
  open("useResidencySet:");
  if (set) recording_.residency.emplace_back(set);
}

void MTL4CommandBuffer::use_residency_sets(ResidencySet* const* sets, NS::UInteger count) {
  for (NS::UInteger i = 0; i < count; ++i) use_residency_set(sets[i]);
}

void MTL4CommandBuffer::check_recorded() const {
  const std::string method = "-[MTL4CommandQueue commit:count:]: command buffer" + quoted(label);
  if (is_open_) throw InvalidUse(method + " is recording: call endCommandBuffer first");
  if (!recording_.commands)
    throw InvalidUse(method +
                     " has nothing to commit: each time is a recording of its own, from "
                     "beginCommandBufferWithAllocator: to endCommandBuffer");
}

MTL4CommandBuffer::Recording MTL4CommandBuffer::take() {
  return std::exchange(recording_, {});
}

namespace {

MTL4CommandAllocator* new_allocator(Device* device) {
  return objc::make<MTL4CommandAllocator>(device, nullptr).detach();
}
MTL4CommandAllocator* new_allocator_for(Device* device,
                                        const MTL4CommandAllocatorDescriptor* descriptor, Error**) {
  return objc::make<MTL4CommandAllocator>(device,
                                          descriptor ? descriptor->label : objc::Ref<String>())
      .detach();
}
MTL4CommandBuffer* new_command_buffer(Device* device) {
  return objc::make<MTL4CommandBuffer>(device).detach();
}

ANVIL_OBJC_CLASS_DEFINITION<MTL4CommandAllocatorDescriptor> allocator_descriptor_definition{
    "MTL4CommandAllocatorDescriptor",
    {
        objc::property<&MTL4CommandAllocatorDescriptor::label>("label", "setLabel:"),
        objc::copying<MTL4CommandAllocatorDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CommandAllocator> allocator_definition{
    "MTL4CommandAllocator",
    {
        objc::property<&MTL4CommandAllocator::device>("device"),
        objc::property<&MTL4CommandAllocator::label>("label"),
        objc::function<&answers::zero<MTL4CommandAllocator, uint64_t>>("allocatedSize"),
        objc::method<&MTL4CommandAllocator::reset>("reset"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CommandBufferOptions> options_definition{
    "MTL4CommandBufferOptions",
    {
        objc::property<&MTL4CommandBufferOptions::log_state>("logState", "setLogState:"),
        objc::copying<MTL4CommandBufferOptions>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CommandBuffer> command_buffer_definition{
    "MTL4CommandBuffer",
    {
        objc::property<&MTL4CommandBuffer::device>("device"),
        objc::property<&MTL4CommandBuffer::label>("label", "setLabel:"),
        objc::method<&MTL4CommandBuffer::begin>("beginCommandBufferWithAllocator:"),
        objc::method<&MTL4CommandBuffer::begin_with>("beginCommandBufferWithAllocator:options:"),
        objc::method<&MTL4CommandBuffer::compute_encoder>("computeCommandEncoder"),
        objc::method<&MTL4CommandBuffer::end>("endCommandBuffer"),
        objc::method<&MTL4CommandBuffer::push_debug_group>("pushDebugGroup:"),
        objc::method<&MTL4CommandBuffer::pop_debug_group>("popDebugGroup"),
        objc::method<&MTL4CommandBuffer::use_residency_set>("useResidencySet:"),
        objc::method<&MTL4CommandBuffer::use_residency_sets>("useResidencySets:count:"),
    }};

ANVIL_OBJC_CATEGORY<Device> device_command_buffers{{
    objc::function<&new_allocator>("newCommandAllocator"),
    objc::function<&new_allocator_for>("newCommandAllocatorWithDescriptor:error:"),
    objc::function<&new_command_buffer>("newCommandBuffer"),
}};

}  // namespace
}  // namespace anvil::metal
