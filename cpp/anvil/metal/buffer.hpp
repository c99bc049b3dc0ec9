// MTLBuffer.
#pragma once

#include <memory>

#include <Metal/MTLBuffer.hpp>

#include "anvil/backend/memory.hpp"
#include "anvil/metal/resource.hpp"
#include "anvil/objc/block.hpp"

namespace anvil::metal {

using Deallocator = objc::Block<void(void*, NS::UInteger)>;

struct Buffer : Resource {
  using Super = Resource;

  /// Does not own `memory`.
  Buffer(Device* device, MTL::ResourceOptions options, const backend::Memory& memory, size_t offset,
         size_t length);
  ~Buffer();

  /// Null for private storage, as on Apple's devices, though the host may see it.
  void* contents() const;
  void did_modify(NS::Range range);
  void add_debug_marker(String* marker, NS::Range range);
  void remove_debug_markers() {}

  const backend::Address address;
  std::byte* const host;  ///< null where the host does not see it
  const size_t length;
  std::unique_ptr<backend::Memory> memory;  ///< null: it is the heap's
  Deallocator deallocator;                  ///< of no-copy buffers
};

/// The storage that buffers and heaps of these options are in.
backend::Storage storage_of(MTL::ResourceOptions options);

/// Null, with the reason on stderr, when there is no memory or the length is out of range.
objc::Ref<Buffer> new_buffer(Device* device, size_t length, MTL::ResourceOptions options);
objc::Ref<Buffer> new_buffer_with_bytes(Device* device, const void* bytes, size_t length,
                                        MTL::ResourceOptions options);
/// `pointer` and `length` are whole pages; `deallocator`, if any, runs when the buffer goes.
objc::Ref<Buffer> new_buffer_without_copy(Device* device, void* pointer, size_t length,
                                          MTL::ResourceOptions options, Deallocator deallocator);

}  // namespace anvil::metal
