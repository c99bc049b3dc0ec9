// background.hpp: work that somebody will wait for later.
#pragma once

#include <functional>

namespace anvil::cpu {

/// Runs it on another thread, as many at once as there are processors ($ANVIL_THREADS), the rest in
/// order. It throws nothing. Where no thread can be had, and after a fork, it may never run.
void run_in_background(std::function<void()> work);

}  // namespace anvil::cpu
