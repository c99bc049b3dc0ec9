// MTLComputePassDescriptor and MTLBlitPassDescriptor.
#pragma once

#include <Metal/MTLCommandBuffer.hpp>

#include "anvil/foundation/object.hpp"
#include "anvil/metal/counter_sample_buffer.hpp"

namespace anvil::metal {

template <class Attachment>
struct PassDescriptor : objc::Object {
  using Super = RootObject;
  using Attachments = SampleAttachments<Attachment>;

  PassDescriptor() = default;
  PassDescriptor(const PassDescriptor& other)
      : attachments(objc::make<Attachments>(*other.attachments)) {}

  objc::Ref<Attachments> attachments = objc::make<Attachments>();
};

struct ComputePassDescriptor : PassDescriptor<ComputeSampleAttachment> {
  using Super = RootObject;

  MTL::DispatchType dispatch_type = MTL::DispatchTypeSerial;
};

struct BlitPassDescriptor : PassDescriptor<BlitSampleAttachment> {
  using Super = RootObject;
};

}  // namespace anvil::metal
