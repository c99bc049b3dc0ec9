#include "anvil/metal/compute_pass.hpp"

namespace anvil::metal {
namespace {

ComputePassDescriptor* descriptor() {
  return objc::make<ComputePassDescriptor>().autoreleased();
}

ANVIL_OBJC_CLASS_DEFINITION<ComputePassDescriptor> compute_pass_descriptor_definition{
    "MTLComputePassDescriptor",
    {
        objc::class_method<&descriptor>("computePassDescriptor"),
        objc::property<&ComputePassDescriptor::dispatch_type>("dispatchType", "setDispatchType:"),
        objc::copying<ComputePassDescriptor>(),
    }};

}  // namespace
}  // namespace anvil::metal
