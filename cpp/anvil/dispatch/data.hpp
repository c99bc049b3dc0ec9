// dispatch_data_t: bytes.
#pragma once

#include <cstddef>
#include <span>

#include "anvil/foundation/object.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::dispatch {

struct Data : objc::Object {
  using Super = RootObject;

  ~Data() {
    if (destructor) destructor();
  }

  std::span<const std::byte> bytes;
  objc::Block<void()> destructor;  ///< of the bytes
  objc::Ref<Data> whole;           ///< that the bytes are a part of
};

}  // namespace anvil::dispatch
