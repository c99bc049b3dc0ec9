// Copies of texels between textures, buffers and the host's memory.
#pragma once

#include <cstddef>

#include "anvil/backend/commands.hpp"
#include "anvil/backend/device.hpp"
#include "anvil/metal/command_arena.hpp"

namespace anvil::metal {

/// Rows of texels, and planes of rows.
struct Image {
  backend::Address address = 0;  ///< of the first; 0: the host's memory alone
  std::byte* host = nullptr;     ///< where the host sees it; null: nowhere
  size_t row_bytes = 0, plane_bytes = 0;
};

struct Transfer {
  backend::Device* device;
  Image from, to;
  size_t bytes, rows, planes;  ///< of a row, and how many
};

void carry_out(const Transfer& transfer);
/// The same when the queue comes to it; the arena lives as long.
backend::CallCommand later(const Transfer& transfer, CommandArena& arena);

}  // namespace anvil::metal
