// Where textures come from: devices, heaps, buffers and other textures.
#include <algorithm>

#include "anvil/metal/device.hpp"
#include "anvil/metal/heap.hpp"
#include "anvil/metal/report.hpp"
#include "anvil/metal/texture.hpp"

namespace anvil::metal {

objc::Ref<Texture> new_texture(Device* device, const TextureDescriptor* descriptor) {
  const std::string method = "-[MTLDevice newTextureWithDescriptor:]: ";
  if (!descriptor) return report_nil(method + "nil descriptor");
  if (const auto why = refusal(*descriptor)) return report_nil(method + *why);
  const TextureShape shape = descriptor->shape();
  const TextureLayout layout = layout_of(shape);
  if (layout.size > device->max_buffer_length())
    return report_nil(method + std::to_string(layout.size) + " bytes exceed maxBufferLength " +
                      std::to_string(device->max_buffer_length()));
  const MTL::ResourceOptions options = descriptor->resource_options();
  auto memory = device->backend.allocate(layout.size, storage_of(options));
  if (!memory)
    return report_nil(method + "no memory for " + std::to_string(layout.size) + " bytes; " +
                      std::to_string(device->backend.allocated()) + " are allocated");
  auto texture =
      objc::make<Texture>(device, options, shape, layout, descriptor->usage, descriptor->swizzle);
  texture->address = memory->address;
  texture->host = memory->host;
  texture->memory = std::move(memory);
  if (!texture->describe()) return report_nil(method + "no memory for the descriptor");
  return texture;
}

namespace {

Texture* from_device(Device* device, const TextureDescriptor* descriptor) {
  return new_texture(device, descriptor).detach();
}

/// The texture in a range of the heap, which is a buffer's.
Texture* in_range(const std::string& method, Heap* heap, const TextureDescriptor& descriptor,
                  const TextureLayout& layout, objc::Ref<Buffer> range) {
  auto texture =
      objc::make<Texture>(heap->device, descriptor.resource_options(), descriptor.shape(), layout,
                          descriptor.usage, descriptor.swizzle);
  texture->address = range->address;
  texture->host = range->host;
  texture->heap = range->heap;
  texture->heap_offset = range->heap_offset;
  texture->placed_in = std::move(range);
  if (!texture->describe()) return report_nil(method + "no memory for the descriptor");
  return texture.detach();
}

Texture* from_heap(Heap* heap, const TextureDescriptor* descriptor) {
  const std::string method = "-[MTLHeap newTextureWithDescriptor:]: ";
  if (!descriptor) return report_nil(method + "nil descriptor");
  if (const auto why = refusal(*descriptor)) return report_nil(method + *why);
  const TextureLayout layout = layout_of(descriptor->shape());
  auto range =
      objc::Ref<Buffer>::adopt(heap->new_buffer(layout.size, descriptor->resource_options()));
  if (!range) return nullptr;
  return in_range(method, heap, *descriptor, layout, std::move(range));
}

Texture* from_heap_at(Heap* heap, const TextureDescriptor* descriptor, NS::UInteger offset) {
  const std::string method = "-[MTLHeap newTextureWithDescriptor:offset:]: ";
  if (!descriptor) return report_nil(method + "nil descriptor");
  if (const auto why = refusal(*descriptor)) return report_nil(method + *why);
  const TextureLayout layout = layout_of(descriptor->shape());
  auto range = objc::Ref<Buffer>::adopt(
      heap->new_buffer_at(layout.size, descriptor->resource_options(), offset));
  if (!range) return nullptr;
  return in_range(method, heap, *descriptor, layout, std::move(range));
}

Texture* from_buffer(Buffer* buffer, const TextureDescriptor* descriptor, NS::UInteger offset,
                     NS::UInteger row_bytes) {
  const std::string method = "-[MTLBuffer newTextureWithDescriptor:offset:bytesPerRow:]: ";
  if (!descriptor) return report_nil(method + "nil descriptor");
  if (const auto why = refusal(*descriptor)) return report_nil(method + *why);
  const TextureShape shape = descriptor->shape();
  if ((shape.type != MTL::TextureType2D && shape.type != MTL::TextureTypeTextureBuffer) ||
      shape.levels != 1)
    return report_nil(method + "unsupported texture of type " + type_name(shape.type) + " with " +
                      std::to_string(shape.levels) +
                      " levels over a buffer; supported: 2D and buffer, of one level");
  if (offset % kTextureAlignment != 0)
    return report_nil(method + "offset " + std::to_string(offset) + " is not a multiple of " +
                      std::to_string(kTextureAlignment));
  const size_t row = shape.width * shape.format->bytes();
  if (shape.type == MTL::TextureType2D &&
      (row_bytes % kTextureAlignment != 0 || row_bytes < row || row_bytes > UINT32_MAX))
    return report_nil(method + "bytesPerRow " + std::to_string(row_bytes) + " is no multiple of " +
                      std::to_string(kTextureAlignment) + " that holds a row's " +
                      std::to_string(row) + " bytes");
  const size_t end = row_bytes * (shape.height - 1) + row;
  if (offset > buffer->length || end > buffer->length - offset)
    return report_nil(method + "the texture's " + std::to_string(end) + " bytes from offset " +
                      std::to_string(offset) + " on are beyond the buffer's length " +
                      std::to_string(buffer->length));
  auto texture =
      objc::make<Texture>(buffer->device, buffer->options, shape,
                          layout_of(shape, shape.type == MTL::TextureType2D ? row_bytes : 0),
                          descriptor->usage, descriptor->swizzle);
  texture->address = buffer->address + offset;
  texture->host = buffer->host ? buffer->host + offset : nullptr;
  texture->buffer = objc::Ref<Buffer>(buffer);
  texture->buffer_offset = offset;
  texture->buffer_row_bytes = row_bytes;
  texture->allocated_size = end;
  if (!texture->describe()) return report_nil(method + "no memory for the descriptor");
  return texture.detach();
}

MTL::SizeAndAlign heap_texture_size(const Device*, const TextureDescriptor* descriptor) {
  if (!descriptor || refusal(*descriptor)) return {0, 0};
  const size_t size = layout_of(descriptor->shape()).size;
  return {(size + kHeapAlignment - 1) / kHeapAlignment * kHeapAlignment, kHeapAlignment};
}

NS::UInteger linear_alignment(const Device*, MTL::PixelFormat format) {
  return find_pixel_format(format) ? kTextureAlignment : 0;
}

/// Those of an image's elements that the type has, of this many slices.
bool set_slices(TextureShape& shape, size_t slices) {
  const size_t of_one = (shape.is_cube() ? 6 : 1) * shape.samples;
  if (slices == 0 || slices % of_one != 0) return false;
  shape.array_length = slices / of_one;
  return shape.is_array() || shape.array_length == 1;
}

objc::Ref<Texture> view(const char* selector, Texture* parent, MTL::PixelFormat format,
                        MTL::TextureType type, NS::Range levels, NS::Range slices,
                        const Swizzle& swizzle) {
  const std::string method = std::string("-[MTLTexture ") + selector + "]: ";
  TextureShape shape = parent->shape;
  shape.type = type;
  shape.format = find_pixel_format(format);
  if (!shape.format) return report_nil(method + unsupported_pixel_format(format));
  if (shape.format->bytes() != parent->shape.format->bytes())
    return report_nil(method + "texels of pixel format " + shape.format->name + " have " +
                      std::to_string(shape.format->bytes()) + " bytes, those of " +
                      parent->shape.format->name + " have " +
                      std::to_string(parent->shape.format->bytes()));
  if (shape.dimensions() != parent->shape.dimensions() ||
      shape.is_multisampled() != parent->shape.is_multisampled())
    return report_nil(method + "a texture of type " + type_name(parent->shape.type) +
                      " has no views of type " + type_name(type));
  if (levels.length == 0 || levels.location > parent->shape.levels ||
      levels.length > parent->shape.levels - levels.location)
    return report_nil(method + "levels [" + std::to_string(levels.location) + ", +" +
                      std::to_string(levels.length) + ") are not there, the texture has " +
                      std::to_string(parent->shape.levels));
  const size_t parents = parent->shape.slices() / parent->shape.samples;
  if (slices.location > parents || slices.length > parents - slices.location ||
      !set_slices(shape, slices.length * parent->shape.samples))
    return report_nil(method + "slices [" + std::to_string(slices.location) + ", +" +
                      std::to_string(slices.length) + ") are no texture of type " +
                      type_name(type) + ", of " + std::to_string(parents));
  if (!swizzle.is_valid()) return report_nil(method + "the swizzle has a channel that is none");

  TextureLayout layout;
  const size_t first = slices.location * parent->shape.samples;
  for (size_t i = 0; i < levels.length; ++i) {
    layout.levels[i] = parent->layout.levels[levels.location + i];
    layout.levels[i].offset += first * layout.levels[i].slice_bytes;
  }
  layout.size = parent->layout.size;
  shape.levels = levels.length;
  shape.width = layout.levels[0].width;
  shape.height = layout.levels[0].height;
  shape.depth = layout.levels[0].depth;
  auto made = objc::make<Texture>(parent->device, parent->options, shape, layout, parent->usage,
                                  swizzle.of(parent->swizzle));
  made->address = parent->address;
  made->host = parent->host;
  made->parent = objc::Ref<Texture>(parent);
  made->parent_level = levels.location;
  made->parent_slice = slices.location;
  made->heap = parent->heap;
  made->heap_offset = parent->heap_offset;
  if (!made->describe()) return report_nil(method + "no memory for the descriptor");
  return made;
}

}  // namespace

Texture* Texture::new_view(MTL::PixelFormat format) {
  return view("newTextureViewWithPixelFormat:", this, format, shape.type, {0, shape.levels},
              {0, shape.slices() / shape.samples}, {})
      .detach();
}

Texture* Texture::new_view_of(MTL::PixelFormat format, MTL::TextureType type, NS::Range levels,
                              NS::Range slices) {
  return view("newTextureViewWithPixelFormat:textureType:levels:slices:", this, format, type,
              levels, slices, {})
      .detach();
}

Texture* Texture::new_swizzled_view(MTL::PixelFormat format, MTL::TextureType type,
                                    NS::Range levels, NS::Range slices, Swizzle channels) {
  return view("newTextureViewWithPixelFormat:textureType:levels:slices:swizzle:", this, format,
              type, levels, slices, channels)
      .detach();
}

Texture* Texture::new_described_view(const TextureViewDescriptor* wanted) {
  constexpr const char* selector = "newTextureViewWithDescriptor:";
  if (!wanted) return report_nil(std::string("-[MTLTexture ") + selector + "]: nil descriptor");
  return view(selector, this, wanted->format, wanted->type, wanted->levels, wanted->slices,
              wanted->swizzle)
      .detach();
}

namespace {

ANVIL_OBJC_CATEGORY<Device> device_textures{{
    objc::function<&from_device>("newTextureWithDescriptor:"),
    objc::function<&heap_texture_size>("heapTextureSizeAndAlignWithDescriptor:"),
    objc::function<&linear_alignment>("minimumLinearTextureAlignmentForPixelFormat:"),
    objc::function<&linear_alignment>("minimumTextureBufferAlignmentForPixelFormat:"),
}};
ANVIL_OBJC_CATEGORY<Heap> heap_textures{{
    objc::function<&from_heap>("newTextureWithDescriptor:"),
    objc::function<&from_heap_at>("newTextureWithDescriptor:offset:"),
}};
ANVIL_OBJC_CATEGORY<Buffer> buffer_textures{{
    objc::function<&from_buffer>("newTextureWithDescriptor:offset:bytesPerRow:"),
}};

}  // namespace
}  // namespace anvil::metal
