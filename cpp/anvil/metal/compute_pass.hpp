// MTLComputePassDescriptor.
#pragma once

#include <Metal/MTLCommandBuffer.hpp>

#include "anvil/foundation/object.hpp"

namespace anvil::metal {

struct ComputePassDescriptor : objc::Object {
  using Super = RootObject;

  MTL::DispatchType dispatch_type = MTL::DispatchTypeSerial;
};

}  // namespace anvil::metal
