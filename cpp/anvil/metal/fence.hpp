// MTLFence: the passes of a queue run in order here, so that a fence has nothing left to do.
#pragma once

#include "anvil/foundation/string.hpp"

namespace anvil::metal {

struct Device;

struct Fence : objc::Object {
  using Super = RootObject;

  explicit Fence(Device* device) : device(device) {}

  Device* device;
  objc::Ref<String> label;
};

}  // namespace anvil::metal
