#include "anvil/metal/texture.hpp"

#include <algorithm>

#include "anvil/metal/answers.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/report.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {

Texture::Texture(Device* device, MTL::ResourceOptions options, const TextureShape& shape,
                 const TextureLayout& layout, MTL::TextureUsage usage, const Swizzle& swizzle)
    : Resource(device, options), shape(shape), layout(layout), usage(usage), swizzle(swizzle) {
  allocated_size = layout.size;
}

Texture::~Texture() {
  if (!descriptor) return;
  device->addresses.remove(this);
  device->descriptors.remove(descriptor);
}

bool Texture::describe() {
  const PixelFormat& format = *shape.format;
  AnvilTexture texture{};
  texture.levels = static_cast<unsigned>(shape.levels);
  texture.slices = static_cast<unsigned>(shape.slices());
  texture.samples = static_cast<unsigned>(shape.samples);
  texture.layout = format.layout;
  texture.kind = format.kind;
  texture.swizzle = swizzle.bits();
  texture.shortcut = texture.swizzle ? ANVIL_SHORTCUT_NONE : format.shortcut();
  for (size_t i = 0; i < 4; ++i) {
    texture.bits[i] = format.bits[i];
    texture.shift[i] = format.shift[i];
    const unsigned bits = format.kind == ANVIL_TEXEL_SNORM && format.bits[i] > 0
                              ? format.bits[i] - 1u
                              : format.bits[i];
    if (bits > 0) texture.inverse[i] = 1.0f / static_cast<float>((uint64_t{1} << bits) - 1);
  }
  for (size_t i = 0; i < shape.levels; ++i) {
    const TextureLevel& level = layout.levels[i];
    texture.level[i] = {address + level.offset,
                        level.slice_bytes,
                        static_cast<unsigned>(level.row_bytes),
                        level.width,
                        level.height,
                        level.depth};
  }
  descriptor = device->descriptors.add(texture);
  if (descriptor) device->addresses.add(this);
  return descriptor != 0;
}

Resource* Texture::root() const {
  if (parent) return parent->root();
  return objc::Ref<Resource>(buffer.get()).autoreleased();
}

void Texture::make_memory_aliasable() {
  if (placed_in) placed_in->make_aliasable();
  aliasable = placed_in && placed_in->is_aliasable();
}

std::optional<std::string> Texture::refusal_of(MTL::Origin origin, MTL::Size size, size_t level,
                                               size_t slice) const {
  if (level >= shape.levels)
    return "level " + std::to_string(level) + " is not there, the texture has " +
           std::to_string(shape.levels);
  if (slice >= shape.slices())
    return "slice " + std::to_string(slice) + " is not there, the texture has " +
           std::to_string(shape.slices());
  const TextureLevel& its = layout.levels[level];
  const auto outside = [](NS::UInteger origin, NS::UInteger size, uint32_t extent) {
    return origin > extent || size > extent - origin;
  };
  if (outside(origin.x, size.width, its.width) || outside(origin.y, size.height, its.height) ||
      outside(origin.z, size.depth, its.depth))
    return "region (" + std::to_string(origin.x) + ", " + std::to_string(origin.y) + ", " +
           std::to_string(origin.z) + ") + " + std::to_string(size.width) + " x " +
           std::to_string(size.height) + " x " + std::to_string(size.depth) + " is beyond level " +
           std::to_string(level) + ", " + std::to_string(its.width) + " x " +
           std::to_string(its.height) + " x " + std::to_string(its.depth);
  return {};
}

Image Texture::image(MTL::Origin origin, size_t level, size_t slice) const {
  const TextureLevel& its = layout.levels[level];
  const size_t offset = its.offset + (slice + origin.z) * its.slice_bytes +
                        origin.y * its.row_bytes + origin.x * shape.format->bytes();
  return {address + offset, host ? host + offset : nullptr, its.row_bytes, its.slice_bytes};
}

namespace {

void check(const Texture& texture, const char* method, MTL::Region region, size_t level,
           size_t slice, const void* bytes, size_t row_bytes) {
  const auto fail = [&](const std::string& what) {
    throw InvalidUse("-[MTLTexture " + std::string(method) + "]: texture" + quoted(texture.label) +
                     ": " + what);
  };
  if (texture.storage_mode() == MTL::StorageModePrivate)
    fail("its storage mode is private; a blit encoder copies to and from it");
  if (const auto refusal = texture.refusal_of(region.origin, region.size, level, slice))
    fail(*refusal);
  if (!bytes) fail("the bytes are null");
  const size_t row = region.size.width * texture.shape.format->bytes();
  if (region.size.height > 1 && row_bytes < row)
    fail("bytesPerRow " + std::to_string(row_bytes) + " is less than a row's " +
         std::to_string(row));
}

Transfer transfer(const Texture& texture, const Image& from, const Image& to, MTL::Size size) {
  return {&texture.device->backend,
          from,
          to,
          size.width * texture.shape.format->bytes(),
          size.height,
          size.depth};
}

}  // namespace

void Texture::replace(MTL::Region region, NS::UInteger level, NS::UInteger slice, const void* bytes,
                      NS::UInteger row_bytes, NS::UInteger image_bytes) {
  check(*this, "replaceRegion:mipmapLevel:slice:withBytes:bytesPerRow:bytesPerImage:", region,
        level, slice, bytes, row_bytes);
  auto* source = const_cast<std::byte*>(static_cast<const std::byte*>(bytes));  // only read
  carry_out(transfer(*this, {0, source, row_bytes, image_bytes}, image(region.origin, level, slice),
                     region.size));
}

void Texture::replace_in_first(MTL::Region region, NS::UInteger level, const void* bytes,
                               NS::UInteger row_bytes) {
  replace(region, level, 0, bytes, row_bytes, row_bytes * region.size.height);
}

void Texture::get(void* bytes, NS::UInteger row_bytes, NS::UInteger image_bytes, MTL::Region region,
                  NS::UInteger level, NS::UInteger slice) {
  check(*this, "getBytes:bytesPerRow:bytesPerImage:fromRegion:mipmapLevel:slice:", region, level,
        slice, bytes, row_bytes);
  carry_out(transfer(*this, image(region.origin, level, slice),
                     {0, static_cast<std::byte*>(bytes), row_bytes, image_bytes}, region.size));
}

void Texture::get_from_first(void* bytes, NS::UInteger row_bytes, MTL::Region region,
                             NS::UInteger level) {
  get(bytes, row_bytes, row_bytes * region.size.height, region, level, 0);
}

namespace {

template <auto Member>
NS::UInteger shape_of(const Texture* texture) {
  return texture->shape.*Member;
}
MTL::TextureType texture_type(const Texture* texture) {
  return texture->shape.type;
}

ANVIL_OBJC_CLASS_DEFINITION<Texture> texture_definition{
    "MTLTexture",
    {
        objc::function<&texture_type>("textureType"),
        objc::method<&Texture::pixel_format>("pixelFormat"),
        objc::function<&shape_of<&TextureShape::width>>("width"),
        objc::function<&shape_of<&TextureShape::height>>("height"),
        objc::function<&shape_of<&TextureShape::depth>>("depth"),
        objc::function<&shape_of<&TextureShape::levels>>("mipmapLevelCount"),
        objc::function<&shape_of<&TextureShape::samples>>("sampleCount"),
        objc::function<&shape_of<&TextureShape::array_length>>("arrayLength"),
        objc::property<&Texture::usage>("usage"),
        objc::property<&Texture::swizzle>("swizzle"),
        objc::method<&Texture::resource_id>("gpuResourceID"),
        objc::property<&Texture::buffer>("buffer"),
        objc::property<&Texture::buffer_offset>("bufferOffset"),
        objc::property<&Texture::buffer_row_bytes>("bufferBytesPerRow"),
        objc::property<&Texture::parent>("parentTexture"),
        objc::property<&Texture::parent_level>("parentRelativeLevel"),
        objc::property<&Texture::parent_slice>("parentRelativeSlice"),
        objc::method<&Texture::root>("rootResource"),
        objc::method<&Texture::make_memory_aliasable>("makeAliasable"),
        objc::method<&Texture::replace>(
            "replaceRegion:mipmapLevel:slice:withBytes:bytesPerRow:bytesPerImage:"),
        objc::method<&Texture::replace_in_first>(
            "replaceRegion:mipmapLevel:withBytes:bytesPerRow:"),
        objc::method<&Texture::get>(
            "getBytes:bytesPerRow:bytesPerImage:fromRegion:mipmapLevel:slice:"),
        objc::method<&Texture::get_from_first>("getBytes:bytesPerRow:fromRegion:mipmapLevel:"),
        objc::method<&Texture::new_view>("newTextureViewWithPixelFormat:"),
        objc::method<&Texture::new_view_of>(
            "newTextureViewWithPixelFormat:textureType:levels:slices:"),
        objc::method<&Texture::new_swizzled_view>(
            "newTextureViewWithPixelFormat:textureType:levels:slices:swizzle:"),
        objc::method<&Texture::new_described_view>("newTextureViewWithDescriptor:"),
        // What textures of other kinds of memory have.
        objc::function<&answers::no<Texture>>("isFramebufferOnly"),
        objc::function<&answers::no<Texture>>("isShareable"),
        objc::function<&answers::no<Texture>>("isSparse"),
        objc::function<&answers::yes<Texture>>("allowGPUOptimizedContents"),
        objc::function<&answers::zero<Texture, MTL::TextureCompressionType>>("compressionType"),
        objc::function<&answers::zero<Texture, MTL::TextureSparseTier>>("sparseTextureTier"),
        objc::function<&answers::zero<Texture, NS::UInteger>>("firstMipmapInTail"),
        objc::function<&answers::zero<Texture, NS::UInteger>>("tailSizeInBytes"),
        objc::function<&answers::zero<Texture, void*>>("iosurface"),
        objc::function<&answers::zero<Texture, NS::UInteger>>("iosurfacePlane"),
        objc::function<&answers::zero<Texture, objc_object*>>("remoteStorageTexture"),
    }};

}  // namespace
}  // namespace anvil::metal
