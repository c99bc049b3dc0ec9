// MTLBuffer.
#pragma once

#include <Metal/MTLBuffer.hpp>

#include "anvil/metal/memory.hpp"
#include "anvil/metal/resource.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::metal {

using Deallocator = objc::Block<void(void*, NS::UInteger)>;

struct Buffer : Resource {
  using Super = Resource;

  Buffer(Device* device, MTL::ResourceOptions options, std::byte* data, size_t length)
      : Resource(device, options), data(data), length(length) {
    allocated_size = length;
  }
  ~Buffer();

  /// Null for private storage, as on Apple's devices, though the memory is the same here.
  void* contents() const;
  void did_modify(NS::Range range);
  uint64_t gpu_address() const { return reinterpret_cast<uint64_t>(data); }
  void add_debug_marker(String* marker, NS::Range range);
  void remove_debug_markers() {}

  std::byte* data;
  size_t length;
  Memory memory;            ///< of buffers that own theirs
  Deallocator deallocator;  ///< of no-copy buffers
};

/// Null, with the reason on stderr, when there is no memory or the length is out of range.
objc::Ref<Buffer> new_buffer(Device* device, size_t length, MTL::ResourceOptions options);
objc::Ref<Buffer> new_buffer_with_bytes(Device* device, const void* bytes, size_t length,
                                        MTL::ResourceOptions options);
/// `pointer` and `length` are whole pages; `deallocator`, if any, runs when the buffer goes.
objc::Ref<Buffer> new_buffer_without_copy(Device* device, void* pointer, size_t length,
                                          MTL::ResourceOptions options, Deallocator deallocator);

}  // namespace anvil::metal
