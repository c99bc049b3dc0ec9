// MTLBlitCommandEncoder: copies of textures.
#include <algorithm>

#include "anvil/metal/blit_encoder.hpp"
#include "anvil/metal/buffer.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/mipmaps.hpp"
#include "anvil/metal/texture.hpp"

namespace anvil::metal {

bool BlitCommandEncoder::check_region(const char* method, const char* role, const Texture* texture,
                                      MTL::Origin origin, MTL::Size size, size_t level,
                                      size_t slice) {
  if (!texture) {
    fail(method, std::string(role) + " is nil");
    return false;
  }
  const auto refusal = texture->refusal_of(origin, size, level, slice);
  if (refusal) fail(method, std::string(role) + quoted(texture->label) + ": " + *refusal);
  return !refusal;
}

void BlitCommandEncoder::transfer(const Texture& texture, const Image& from, const Image& to,
                                  MTL::Size size) {
  if (size.width == 0 || size.height == 0 || size.depth == 0) return;
  const size_t row = size.width * texture.shape.format->bytes();
  buffer->commands().push_back(
      later({&device()->backend, from, to, row, size.height, size.depth}, buffer->arena()));
}

namespace {

/// Where a buffer has an image.
Image image_of(const Buffer& buffer, size_t offset, size_t row_bytes, size_t image_bytes) {
  return {buffer.address + offset, buffer.host ? buffer.host + offset : nullptr, row_bytes,
          image_bytes};
}

/// Bytes from an image's first to its last.
size_t extent_of(const Texture& texture, MTL::Size size, size_t row_bytes, size_t image_bytes) {
  if (size.width == 0 || size.height == 0 || size.depth == 0) return 0;
  return image_bytes * (size.depth - 1) + row_bytes * (size.height - 1) +
         size.width * texture.shape.format->bytes();
}

}  // namespace

void BlitCommandEncoder::copy_to_texture(Buffer* from, NS::UInteger offset, NS::UInteger row_bytes,
                                         NS::UInteger image_bytes, MTL::Size size, Texture* to,
                                         NS::UInteger slice, NS::UInteger level,
                                         MTL::Origin origin) {
  constexpr const char* method =
      "copyFromBuffer:sourceOffset:sourceBytesPerRow:sourceBytesPerImage:sourceSize:toTexture:"
      "destinationSlice:destinationLevel:destinationOrigin:";
  if (!open(method) || !check_region(method, "destination", to, origin, size, level, slice) ||
      !check_range(method, "source", from, offset, extent_of(*to, size, row_bytes, image_bytes)))
    return;
  buffer->hold(from);
  buffer->hold(to);
  transfer(*to, image_of(*from, offset, row_bytes, image_bytes), to->image(origin, level, slice),
           size);
}

void BlitCommandEncoder::copy_to_buffer(Texture* from, NS::UInteger slice, NS::UInteger level,
                                        MTL::Origin origin, MTL::Size size, Buffer* to,
                                        NS::UInteger offset, NS::UInteger row_bytes,
                                        NS::UInteger image_bytes) {
  constexpr const char* method =
      "copyFromTexture:sourceSlice:sourceLevel:sourceOrigin:sourceSize:toBuffer:destinationOffset:"
      "destinationBytesPerRow:destinationBytesPerImage:";
  if (!open(method) || !check_region(method, "source", from, origin, size, level, slice) ||
      !check_range(method, "destination", to, offset,
                   extent_of(*from, size, row_bytes, image_bytes)))
    return;
  buffer->hold(from);
  buffer->hold(to);
  transfer(*from, from->image(origin, level, slice), image_of(*to, offset, row_bytes, image_bytes),
           size);
}

void BlitCommandEncoder::copy_texture(Texture* from, NS::UInteger from_slice,
                                      NS::UInteger from_level, MTL::Origin from_origin,
                                      MTL::Size size, Texture* to, NS::UInteger to_slice,
                                      NS::UInteger to_level, MTL::Origin to_origin) {
  constexpr const char* method =
      "copyFromTexture:sourceSlice:sourceLevel:sourceOrigin:sourceSize:toTexture:destinationSlice:"
      "destinationLevel:destinationOrigin:";
  if (!open(method) ||
      !check_region(method, "source", from, from_origin, size, from_level, from_slice) ||
      !check_region(method, "destination", to, to_origin, size, to_level, to_slice))
    return;
  const PixelFormat &its = *from->shape.format, &others = *to->shape.format;
  if (its.bytes() != others.bytes())
    return fail(method, std::string("texels of ") + its.name + " have " +
                            std::to_string(its.bytes()) + " bytes, those of " + others.name +
                            " have " + std::to_string(others.bytes()));
  buffer->hold(from);
  buffer->hold(to);
  transfer(*from, from->image(from_origin, from_level, from_slice),
           to->image(to_origin, to_level, to_slice), size);
}

void BlitCommandEncoder::copy_slices(Texture* from, NS::UInteger from_slice,
                                     NS::UInteger from_level, Texture* to, NS::UInteger to_slice,
                                     NS::UInteger to_level, NS::UInteger slices,
                                     NS::UInteger levels) {
  for (NS::UInteger level = 0; from && level < levels; ++level)
    for (NS::UInteger slice = 0; slice < slices; ++slice) {
      const size_t source = std::min<size_t>(from_level + level, ANVIL_MAX_TEXTURE_LEVELS - 1);
      const TextureLevel& its = from->layout.levels[source];
      copy_texture(from, from_slice + slice, from_level + level, {0, 0, 0},
                   {its.width, its.height, its.depth}, to, to_slice + slice, to_level + level,
                   {0, 0, 0});
    }
}

void BlitCommandEncoder::copy_whole(Texture* from, Texture* to) {
  constexpr const char* method = "copyFromTexture:toTexture:";
  if (!open(method)) return;
  if (!from || !to) return fail(method, std::string(from ? "destination" : "source") + " is nil");
  if (from->shape.slices() != to->shape.slices() || from->shape.levels != to->shape.levels)
    return fail(method, "source and destination differ in their slices or levels");
  copy_slices(from, 0, 0, to, 0, 0, from->shape.slices(), from->shape.levels);
}

void BlitCommandEncoder::generate_mipmaps(Texture* texture) {
  constexpr const char* method = "generateMipmapsForTexture:";
  if (!open(method)) return;
  if (!texture) return fail(method, "nil texture");
  buffer->hold(texture);
  if (const auto refusal = metal::generate_mipmaps(*buffer, *texture))
    fail(method, "texture" + quoted(texture->label) + ": " + *refusal);
}

void BlitCommandEncoder::copy_to_texture_with(Buffer* from, NS::UInteger offset,
                                              NS::UInteger row_bytes, NS::UInteger image_bytes,
                                              MTL::Size size, Texture* to, NS::UInteger slice,
                                              NS::UInteger level, MTL::Origin origin,
                                              MTL::BlitOption) {
  copy_to_texture(from, offset, row_bytes, image_bytes, size, to, slice, level, origin);
}

void BlitCommandEncoder::copy_to_buffer_with(Texture* from, NS::UInteger slice, NS::UInteger level,
                                             MTL::Origin origin, MTL::Size size, Buffer* to,
                                             NS::UInteger offset, NS::UInteger row_bytes,
                                             NS::UInteger image_bytes, MTL::BlitOption) {
  copy_to_buffer(from, slice, level, origin, size, to, offset, row_bytes, image_bytes);
}

void BlitCommandEncoder::synchronize_slice(Texture* texture, NS::UInteger, NS::UInteger) {
  synchronize(texture);
}

// The layout is one and the same for all.
void BlitCommandEncoder::optimize(Texture* texture) {
  if (open("optimizeContents...") && !texture) fail("optimizeContents...", "nil texture");
}
void BlitCommandEncoder::optimize_slice(Texture* texture, NS::UInteger, NS::UInteger) {
  optimize(texture);
}

namespace {

ANVIL_OBJC_CATEGORY<BlitCommandEncoder> blit_encoder_textures{{
    objc::method<&BlitCommandEncoder::copy_to_texture>(
        "copyFromBuffer:sourceOffset:sourceBytesPerRow:sourceBytesPerImage:sourceSize:toTexture:"
        "destinationSlice:destinationLevel:destinationOrigin:"),
    objc::method<&BlitCommandEncoder::copy_to_texture_with>(
        "copyFromBuffer:sourceOffset:sourceBytesPerRow:sourceBytesPerImage:sourceSize:toTexture:"
        "destinationSlice:destinationLevel:destinationOrigin:options:"),
    objc::method<&BlitCommandEncoder::copy_to_buffer>(
        "copyFromTexture:sourceSlice:sourceLevel:sourceOrigin:sourceSize:toBuffer:"
        "destinationOffset:destinationBytesPerRow:destinationBytesPerImage:"),
    objc::method<&BlitCommandEncoder::copy_to_buffer_with>(
        "copyFromTexture:sourceSlice:sourceLevel:sourceOrigin:sourceSize:toBuffer:"
        "destinationOffset:destinationBytesPerRow:destinationBytesPerImage:options:"),
    objc::method<&BlitCommandEncoder::copy_texture>(
        "copyFromTexture:sourceSlice:sourceLevel:sourceOrigin:sourceSize:toTexture:"
        "destinationSlice:destinationLevel:destinationOrigin:"),
    objc::method<&BlitCommandEncoder::copy_slices>(
        "copyFromTexture:sourceSlice:sourceLevel:toTexture:destinationSlice:destinationLevel:"
        "sliceCount:levelCount:"),
    objc::method<&BlitCommandEncoder::copy_whole>("copyFromTexture:toTexture:"),
    objc::method<&BlitCommandEncoder::generate_mipmaps>("generateMipmapsForTexture:"),
    objc::method<&BlitCommandEncoder::synchronize_slice>("synchronizeTexture:slice:level:"),
    objc::method<&BlitCommandEncoder::optimize>("optimizeContentsForGPUAccess:"),
    objc::method<&BlitCommandEncoder::optimize_slice>("optimizeContentsForGPUAccess:slice:level:"),
    objc::method<&BlitCommandEncoder::optimize>("optimizeContentsForCPUAccess:"),
    objc::method<&BlitCommandEncoder::optimize_slice>("optimizeContentsForCPUAccess:slice:level:"),
}};

}  // namespace
}  // namespace anvil::metal
