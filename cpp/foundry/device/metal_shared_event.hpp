// What a SharedEvent points to. Included by device/*.cpp only.
#pragma once

#include <memory>

#include "foundry/device/metal_state.hpp"
#include "foundry/device/shared_event.hpp"

namespace foundry::detail {

struct SharedEventState {
  NS::SharedPtr<MTL::SharedEvent> metal;

  static const std::shared_ptr<const SharedEventState>& of(const SharedEvent& event) {
    return event.state_;
  }
};

}  // namespace foundry::detail
