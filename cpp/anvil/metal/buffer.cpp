#include "anvil/metal/buffer.hpp"

#include <cstring>

#include "anvil/metal/device.hpp"
#include "anvil/metal/heap.hpp"
#include "anvil/metal/report.hpp"
#include "anvil/metal/validation.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {

Buffer::Buffer(Device* device, MTL::ResourceOptions options, const backend::Memory& memory,
               size_t offset, size_t length)
    : Resource(device, options),
      address(memory.address + offset),
      host(memory.host ? memory.host + offset : nullptr),
      length(length) {
  allocated_size = length;
  device->addresses.add(this);
}

Buffer::~Buffer() {
  device->addresses.remove(this);
  if (heap && !aliasable) heap->give_back(heap_offset);
  if (!deallocator) return;
  memory = nullptr;
  deallocator(host, length);
}

void* Buffer::contents() const {
  return storage_mode() == MTL::StorageModePrivate ? nullptr : host;
}

void Buffer::did_modify(NS::Range range) {
  if (const auto refusal = validation::of_modified_range(range.location, range.length, length))
    throw InvalidUse("-[MTLBuffer didModifyRange:]: " + *refusal);
}

void Buffer::add_debug_marker(String*, NS::Range range) {
  did_modify(range);
}

namespace {

/// Why no buffer of that length and kind can be; empty if it can.
std::string refusal(const Device* device, size_t length, MTL::ResourceOptions options) {
  if (length == 0) return "length is 0";
  if (length > device->max_buffer_length())
    return "length " + std::to_string(length) + " exceeds maxBufferLength " +
           std::to_string(device->max_buffer_length());
  if (storage_mode(options) > MTL::StorageModePrivate)
    return "storage mode is none that buffers have";
  return {};
}

ANVIL_OBJC_CLASS_DEFINITION<Buffer> buffer_definition{
    "MTLBuffer",
    {
        objc::method<&Buffer::contents>("contents"),
        objc::property<&Buffer::length>("length"),
        objc::method<&Buffer::did_modify>("didModifyRange:"),
        objc::property<&Buffer::address>("gpuAddress"),
        objc::method<&Buffer::add_debug_marker>("addDebugMarker:range:"),
        objc::method<&Buffer::remove_debug_markers>("removeAllDebugMarkers"),
    }};

}  // namespace

backend::Storage storage_of(MTL::ResourceOptions options) {
  return storage_mode(options) == MTL::StorageModePrivate ? backend::Storage::device_only
                                                          : backend::Storage::shared;
}

objc::Ref<Buffer> new_buffer(Device* device, size_t length, MTL::ResourceOptions options) {
  if (const std::string why = refusal(device, length, options); !why.empty())
    return report_nil("-[MTLDevice newBufferWithLength:options:]: " + why);
  std::unique_ptr<backend::Memory> memory = device->backend.allocate(length, storage_of(options));
  if (!memory)
    return report_nil("-[MTLDevice newBufferWithLength:options:]: no memory for " +
                      std::to_string(length) + " bytes; " +
                      std::to_string(device->backend.allocated()) + " are allocated");
  objc::Ref<Buffer> buffer = objc::make<Buffer>(device, options, *memory, 0, length);
  buffer->memory = std::move(memory);
  return buffer;
}

objc::Ref<Buffer> new_buffer_with_bytes(Device* device, const void* bytes, size_t length,
                                        MTL::ResourceOptions options) {
  if (!bytes) return report_nil("-[MTLDevice newBufferWithBytes:length:options:]: bytes is null");
  objc::Ref<Buffer> buffer = new_buffer(device, length, options);
  if (!buffer) return nullptr;
  if (buffer->host)
    std::memcpy(buffer->host, bytes, length);
  else
    device->backend.write(buffer->address, {static_cast<const std::byte*>(bytes), length});
  return buffer;
}

objc::Ref<Buffer> new_buffer_without_copy(Device* device, void* pointer, size_t length,
                                          MTL::ResourceOptions options, Deallocator deallocator) {
  const std::string method = "-[MTLDevice newBufferWithBytesNoCopy:length:options:deallocator:]: ";
  if (const std::string why = refusal(device, length, options); !why.empty())
    return report_nil(method + why);
  if (storage_mode(options) == MTL::StorageModePrivate)
    return report_nil(method + "storage mode is private; memory of the caller is shared");
  if (!pointer) return report_nil(method + "the pointer is null");
  if (const auto why = validation::of_borrowed_pages(pointer, length))
    return report_nil(method + *why);
  std::unique_ptr<backend::Memory> memory =
      device->backend.borrow(static_cast<std::byte*>(pointer), length);
  if (!memory) return report_nil(method + "kernels of this device cannot reach the memory");
  objc::Ref<Buffer> buffer = objc::make<Buffer>(device, options, *memory, 0, length);
  buffer->memory = std::move(memory);
  buffer->deallocator = std::move(deallocator);
  return buffer;
}

}  // namespace anvil::metal
