// memory.hpp: how much memory this process may use, and in which pages.
#pragma once

#include <cstddef>

namespace anvil {

size_t page_size();

/// RAM of the machine, or less where a control group limits this process.
size_t physical_memory();

}  // namespace anvil
