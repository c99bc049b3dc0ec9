#include "anvil/metal/compute_pass.hpp"

namespace anvil::metal {
namespace {

template <class Descriptor>
Descriptor* descriptor() {
  return objc::make<Descriptor>().autoreleased();
}

using C = ComputePassDescriptor;
using B = BlitPassDescriptor;

ANVIL_OBJC_CLASS_DEFINITION<C> compute_pass_descriptor_definition{
    "MTLComputePassDescriptor",
    {
        objc::class_method<&descriptor<C>>("computePassDescriptor"),
        objc::property<&C::dispatch_type>("dispatchType", "setDispatchType:"),
        objc::property<&C::attachments>("sampleBufferAttachments"),
        objc::copying<C>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<B> blit_pass_descriptor_definition{
    "MTLBlitPassDescriptor",
    {
        objc::class_method<&descriptor<B>>("blitPassDescriptor"),
        objc::property<&B::attachments>("sampleBufferAttachments"),
        objc::copying<B>(),
    }};

}  // namespace
}  // namespace anvil::metal
