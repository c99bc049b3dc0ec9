// What a compute encoder's textures and samplers are bound to, by index.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <Metal/MTLTexture.hpp>

#include "anvil/abi/texture_abi.h"
#include "anvil/service/compiler_service.hpp"

namespace anvil::metal {

struct Texture;

/// Kept alive by the command buffer.
struct TextureBindings {
  std::array<const Texture*, ANVIL_MAX_TEXTURES> textures{};
  std::array<std::optional<uint64_t>, ANVIL_MAX_SAMPLERS> samplers{};  ///< bits
};

/// Of the class that MSL names so.
MTL::TextureType texture_type(std::string_view class_name);
bool is_texture_class(std::string_view name);

/// Why a texture is none for the argument: its type, the numbers of its format, its usage.
std::optional<std::string> mismatch(const service::ArgumentInfo& argument, const Texture& texture);

}  // namespace anvil::metal
