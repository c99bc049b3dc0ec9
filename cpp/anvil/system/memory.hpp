// memory.hpp: how much memory this process may use, and in which pages.
#pragma once

#include <cstddef>

namespace anvil {

size_t page_size();

/// To a multiple of `alignment`, a power of two.
constexpr size_t round_up(size_t size, size_t alignment) {
  return (size + alignment - 1) & ~(alignment - 1);
}

/// What may be touched behind the last page of a buffer, as on a Mac: two of Apple's pages.
/// llama.cpp's solve_tri reads 28 KB of it.
constexpr size_t kSlack = 32 << 10;

/// RAM of the machine, or less where a control group limits this process.
size_t physical_memory();

}  // namespace anvil
