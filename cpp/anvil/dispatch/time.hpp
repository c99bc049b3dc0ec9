// dispatch_time_t: nanoseconds since the machine started, or, negated, since 1970.
#pragma once

#include <dispatch/dispatch.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace anvil::dispatch {

/// From now on; zero if that time is past.
std::chrono::nanoseconds time_left(dispatch_time_t when);

/// False if the time came before the condition.
template <class Condition>
bool wait_until(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                dispatch_time_t when, Condition condition) {
  if (when != DISPATCH_TIME_FOREVER) return changed.wait_for(lock, time_left(when), condition);
  changed.wait(lock, condition);
  return true;
}

}  // namespace anvil::dispatch
