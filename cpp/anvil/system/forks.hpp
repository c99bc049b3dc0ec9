// forks.hpp: whether this process is the one in which something was made.
#pragma once

#include <mutex>

namespace anvil {

/// How many forks this process has survived as the child. Where it differs from what it was when a
/// thread was started, that thread, and whatever locks it held, stayed in the parent.
unsigned forks();

/// One that no fork leaves locked in the child: for what has to be found in order there, and for
/// moments only.
std::mutex& mutex_over_forks();

}  // namespace anvil
