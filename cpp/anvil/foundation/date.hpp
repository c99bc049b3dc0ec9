// NSDate.
#pragma once

#include <chrono>

#include "anvil/foundation/object.hpp"

namespace anvil {

struct Date : objc::Object {
  using Super = RootObject;
  using Clock = std::chrono::system_clock;

  Clock::time_point time = Clock::now();
};

}  // namespace anvil
