// Work off the caller's thread: completion handlers of compiles, notifications of events.
#pragma once

#include <functional>

namespace anvil::metal {

/// Runs on a thread of its own, in an autorelease pool. Exceptions are reported on stderr.
void run_detached(std::function<void()> work);

/// Runs on the one notification thread, in the order of calls.
void run_in_order(std::function<void()> work);

/// Calls back into the user's code: what it throws is reported on stderr and goes no further.
void call_handler(const char* kind, const std::function<void()>& handler);

}  // namespace anvil::metal
