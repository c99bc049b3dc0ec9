// commands.hpp: what anvil-compiler can be asked to do.
#pragma once

#include "options.hpp"

namespace anvil {

/// Both return false after diagnostics on stderr where the user's source is at fault.
bool run_library(const LibraryCommand& command);
bool run_kernel(const KernelCommand& command);

}  // namespace anvil
