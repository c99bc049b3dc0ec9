// processor.hpp: what the system says of the processor.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace anvil::cpu {

/// "Intel(R) Xeon(R) Platinum 8488C"; the architecture where the system has no name.
std::string processor_name();

/// Bytes of the data caches of the first processor by level, a shared one whole; 0: none, or the
/// system does not say.
std::array<uint64_t, 3> cache_bytes();

}  // namespace anvil::cpu
