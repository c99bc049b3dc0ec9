// forks.hpp: whether this process is the one in which something was made.
#pragma once

namespace anvil {

/// How many forks this process has survived as the child. Where it differs from what it was when a
/// thread was started, that thread, and whatever locks it held, stayed in the parent.
unsigned forks();

}  // namespace anvil
