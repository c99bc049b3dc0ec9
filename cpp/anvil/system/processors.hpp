// processors.hpp: how many processors there are.
#pragma once

namespace anvil {

/// Those that this process may run on, by its affinity mask as it is now; 1 at least.
unsigned usable_processors();

/// Those of the machine.
unsigned machine_processors();

}  // namespace anvil
