// generateMipmapsForTexture: kernels of Anvil's own.
#pragma once

#include <optional>
#include <string>

#include "anvil/metal/command_buffer.hpp"

namespace anvil::metal {

struct Texture;

/// Adds the dispatches that make each level from the one above it. Why it cannot, otherwise.
std::optional<std::string> generate_mipmaps(CommandBuffer& buffer, const Texture& texture);

}  // namespace anvil::metal
