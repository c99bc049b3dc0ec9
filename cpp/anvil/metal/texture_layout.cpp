#include "anvil/metal/texture_layout.hpp"

#include <algorithm>
#include <bit>

namespace anvil::metal {

bool TextureShape::is_array() const {
  return type == MTL::TextureType1DArray || type == MTL::TextureType2DArray ||
         type == MTL::TextureTypeCubeArray || type == MTL::TextureType2DMultisampleArray;
}

bool TextureShape::is_cube() const {
  return type == MTL::TextureTypeCube || type == MTL::TextureTypeCubeArray;
}

bool TextureShape::is_multisampled() const {
  return type == MTL::TextureType2DMultisample || type == MTL::TextureType2DMultisampleArray;
}

unsigned TextureShape::dimensions() const {
  switch (type) {
    case MTL::TextureType1D:
    case MTL::TextureType1DArray:
    case MTL::TextureTypeTextureBuffer:
      return 1;
    case MTL::TextureType3D:
      return 3;
    default:
      return 2;
  }
}

size_t TextureShape::slices() const {
  return array_length * (is_cube() ? 6 : 1) * samples;
}

const char* type_name(MTL::TextureType type) {
  constexpr const char* kNames[] = {"1D",
                                    "1D array",
                                    "2D",
                                    "2D array",
                                    "2D multisample",
                                    "cube",
                                    "cube array",
                                    "3D",
                                    "2D multisample array",
                                    "buffer"};
  return type < std::size(kNames) ? kNames[type] : "unknown";
}

namespace {

std::optional<std::string> beyond(const char* property, NS::UInteger value, NS::UInteger most) {
  if (value >= 1 && value <= most) return {};
  return std::string(property) + " is " + std::to_string(value) + ", not between 1 and " +
         std::to_string(most);
}

}  // namespace

std::optional<std::string> refusal(const TextureShape& shape) {
  const std::string what = std::string(" of a ") + type_name(shape.type) + " texture";
  if (shape.type > MTL::TextureTypeTextureBuffer)
    return "unsupported texture type " + std::to_string(shape.type) + "; supported: 0 to 9";
  const unsigned d = shape.dimensions();
  const bool is_buffer = shape.type == MTL::TextureTypeTextureBuffer;
  const NS::UInteger extent = is_buffer ? ANVIL_MAX_TEXTURE_BUFFER_WIDTH
                              : d == 3  ? ANVIL_MAX_TEXTURE_DEPTH
                                        : ANVIL_MAX_TEXTURE_EXTENT;
  if (auto wrong = beyond("width", shape.width, extent)) return *wrong + what;
  if (auto wrong = beyond("height", shape.height, d >= 2 ? extent : 1)) return *wrong + what;
  if (auto wrong = beyond("depth", shape.depth, d == 3 ? extent : 1)) return *wrong + what;
  if (auto wrong = beyond("arrayLength", shape.array_length,
                          shape.is_array() ? ANVIL_MAX_TEXTURE_SLICES : 1))
    return *wrong + what;
  if (shape.is_cube() && shape.width != shape.height)
    return "width " + std::to_string(shape.width) + " and height " + std::to_string(shape.height) +
           what + " differ";
  const bool samples_fit = shape.is_multisampled()
                               ? shape.samples == 2 || shape.samples == 4 || shape.samples == 8
                               : shape.samples == 1;
  if (!samples_fit)
    return "unsupported sampleCount " + std::to_string(shape.samples) + what +
           "; supported: " + (shape.is_multisampled() ? "2, 4 and 8" : "1");
  // 1D textures, texture buffers and multisampled ones have one level.
  const NS::UInteger most = std::max({shape.width, shape.height, shape.depth});
  const NS::UInteger levels =
      d == 1 || shape.is_multisampled() ? 1 : static_cast<NS::UInteger>(std::bit_width(most));
  if (auto wrong = beyond("mipmapLevelCount", shape.levels, levels)) return *wrong + what;
  return {};
}

TextureLayout layout_of(const TextureShape& shape, size_t row_bytes) {
  const auto aligned = [](size_t bytes) {
    return (bytes + kTextureAlignment - 1) / kTextureAlignment * kTextureAlignment;
  };
  TextureLayout layout;
  for (size_t i = 0; i < shape.levels; ++i) {
    TextureLevel& level = layout.levels[i];
    const auto at_level = [&](NS::UInteger size) {
      return static_cast<uint32_t>(std::max<NS::UInteger>(size >> i, 1));
    };
    level.width = at_level(shape.width);
    level.height = at_level(shape.height);
    level.depth = at_level(shape.depth);
    level.row_bytes = row_bytes ? row_bytes : aligned(size_t{level.width} * shape.format->bytes());
    level.slice_bytes = level.row_bytes * level.height;
    level.offset = layout.size;
    layout.size += level.slice_bytes * std::max<size_t>(level.depth, shape.slices());
  }
  return layout;
}

}  // namespace anvil::metal
