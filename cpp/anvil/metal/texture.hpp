// MTLTexture: memory with a layout, and a descriptor that kernels see.
#pragma once

#include <memory>

#include <Metal/MTLTexture.hpp>

#include "anvil/backend/memory.hpp"
#include "anvil/metal/buffer.hpp"
#include "anvil/metal/texture_descriptor.hpp"
#include "anvil/metal/texture_layout.hpp"
#include "anvil/metal/texture_transfer.hpp"

namespace anvil::metal {

struct Texture : Resource {
  using Super = Resource;

  Texture(Device* device, MTL::ResourceOptions options, const TextureShape& shape,
          const TextureLayout& layout, MTL::TextureUsage usage, const Swizzle& swizzle);
  ~Texture();

  MTL::PixelFormat pixel_format() const { return shape.format->format; }
  MTL::ResourceID resource_id() const { return {descriptor}; }
  Resource* root() const;
  /// Of a texture in a heap.
  void make_memory_aliasable();

  // Between the texture and the host's memory. Throw InvalidUse for regions that are not there and
  // memory that the host does not see.
  void replace(MTL::Region region, NS::UInteger level, NS::UInteger slice, const void* bytes,
               NS::UInteger row_bytes, NS::UInteger image_bytes);
  void replace_in_first(MTL::Region region, NS::UInteger level, const void* bytes,
                        NS::UInteger row_bytes);
  void get(void* bytes, NS::UInteger row_bytes, NS::UInteger image_bytes, MTL::Region region,
           NS::UInteger level, NS::UInteger slice);
  void get_from_first(void* bytes, NS::UInteger row_bytes, MTL::Region region, NS::UInteger level);

  // Null, with the reason on stderr, where there can be no such view.
  Texture* new_view(MTL::PixelFormat format);
  Texture* new_view_of(MTL::PixelFormat format, MTL::TextureType type, NS::Range levels,
                       NS::Range slices);
  Texture* new_swizzled_view(MTL::PixelFormat format, MTL::TextureType type, NS::Range levels,
                             NS::Range slices, Swizzle swizzle);
  Texture* new_described_view(const TextureViewDescriptor* descriptor);

  /// Why the level, slice and region are none of it.
  std::optional<std::string> refusal_of(MTL::Origin origin, MTL::Size size, size_t level,
                                        size_t slice) const;
  /// The texels of a region that is there.
  Image image(MTL::Origin origin, size_t level, size_t slice) const;

  const TextureShape shape;
  const TextureLayout layout;
  const MTL::TextureUsage usage;
  const Swizzle swizzle;
  backend::Address address = 0;     ///< of its memory's first byte
  std::byte* host = nullptr;        ///< null where the host does not see it
  backend::Address descriptor = 0;  ///< an AnvilTexture

  std::unique_ptr<backend::Memory> memory;  ///< null: it is the buffer's or parent's
  objc::Ref<Buffer> placed_in;              ///< the range of a heap
  objc::Ref<Buffer> buffer;                 ///< over whose bytes the texture lies
  size_t buffer_offset = 0, buffer_row_bytes = 0;
  objc::Ref<Texture> parent;  ///< of a view
  size_t parent_level = 0, parent_slice = 0;

  /// Where the memory is known: makes the descriptor. False without memory for it.
  bool describe();
};

/// Null, with the reason on stderr.
objc::Ref<Texture> new_texture(Device* device, const TextureDescriptor* descriptor);

}  // namespace anvil::metal
