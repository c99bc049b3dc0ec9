// guarded_cells.hpp: memory for many small buffers, each between guards.
#pragma once

#include <cstddef>

namespace anvil::cpu {

/// Cells of a few pages, laid out as GuardedMemory is, which are kept for who wants one next: a
/// mapping of its own would cost a small buffer more than all else that it takes.
namespace guarded_cells {

/// Bytes of the largest.
inline constexpr size_t kMostBytes = 64 << 10;

/// Zeroed memory for 1 to kMostBytes bytes, aligned to 256. Behind it lies GuardedMemory's slack,
/// or its guard. Null if there are as many cells as there may be, or the system has no more. Any
/// thread.
std::byte* take(size_t size);

/// Gives back what take(size) returned.
void put(std::byte* memory, size_t size);

}  // namespace guarded_cells
}  // namespace anvil::cpu
