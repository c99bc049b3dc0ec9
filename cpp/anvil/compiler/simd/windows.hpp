// windows.hpp: lanes whose addresses are a constant pattern, by the pieces of memory they are in.
#pragma once

#include <vector>

#include "anvil/compiler/simd/shape.hpp"

namespace anvil::compiler::simd {

/// Of memory, in bytes from the lanes' base. The first and the last byte belong to lanes, and it is
/// smaller than a page: it is on no page that the lanes are not on.
struct Window {
  int64_t begin;
  int64_t end;
};

/// The windows that hold each lane's `size` bytes, by their place, if they are few and not much
/// larger than what is in them; else none. Several are of sizes that one access takes. Lanes lie in
/// them on a grid of `unit` bytes.
std::vector<Window> windows_of(const Shape& form, int64_t size, int64_t unit);

/// The window that a lane's bytes are in.
unsigned window_of(const std::vector<Window>& windows, int64_t offset);

}  // namespace anvil::compiler::simd
