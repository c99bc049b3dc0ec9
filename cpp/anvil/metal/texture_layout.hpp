// Where a texture's texels lie: level by level, each with all of its slices.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <Metal/MTLTexture.hpp>

#include "anvil/metal/pixel_format.hpp"

namespace anvil::metal {

struct TextureLevel {
  size_t offset = 0;  ///< of the first texel in the texture's memory
  size_t row_bytes = 0, slice_bytes = 0;
  uint32_t width = 0, height = 0, depth = 0;
};

/// What a texture is; the same for the descriptor, a texture and its views.
struct TextureShape {
  MTL::TextureType type = MTL::TextureType2D;
  const PixelFormat* format = nullptr;
  NS::UInteger width = 1, height = 1, depth = 1, levels = 1, samples = 1, array_length = 1;

  bool is_array() const;
  bool is_cube() const;
  bool is_multisampled() const;
  unsigned dimensions() const;
  /// Images of a level: array elements, faces and samples.
  size_t slices() const;
};

/// Why no texture can have it; nothing if one can.
std::optional<std::string> refusal(const TextureShape& shape);

struct TextureLayout {
  std::array<TextureLevel, ANVIL_MAX_TEXTURE_LEVELS> levels{};
  size_t size = 0;  ///< bytes of all
};

/// Rows start at multiples of it, and levels too; what minimumLinearTextureAlignment says.
constexpr size_t kTextureAlignment = 16;

/// With rows of `row_bytes`, of which 0 makes the least.
TextureLayout layout_of(const TextureShape& shape, size_t row_bytes = 0);

/// "2D", "2D array", ...
const char* type_name(MTL::TextureType type);

}  // namespace anvil::metal
