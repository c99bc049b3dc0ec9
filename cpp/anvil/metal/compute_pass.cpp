#include "anvil/metal/compute_pass.hpp"

namespace anvil::metal {
namespace {

template <class Descriptor>
Descriptor* descriptor() {
  return objc::make<Descriptor>().autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<ComputePassDescriptor> compute_pass_descriptor_definition{
    "MTLComputePassDescriptor",
    {
        objc::class_method<&descriptor<ComputePassDescriptor>>("computePassDescriptor"),
        objc::property<&ComputePassDescriptor::dispatch_type>("dispatchType", "setDispatchType:"),
        objc::property<&ComputePassDescriptor::attachments>("sampleBufferAttachments"),
        objc::copying<ComputePassDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<BlitPassDescriptor> blit_pass_descriptor_definition{
    "MTLBlitPassDescriptor",
    {
        objc::class_method<&descriptor<BlitPassDescriptor>>("blitPassDescriptor"),
        objc::property<&BlitPassDescriptor::attachments>("sampleBufferAttachments"),
        objc::copying<BlitPassDescriptor>(),
    }};

}  // namespace
}  // namespace anvil::metal
