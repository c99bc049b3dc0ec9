// MTLHeap: one allocation that buffers are placed in.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include <Metal/MTLHeap.hpp>

#include "anvil/metal/buffer.hpp"
#include "anvil/metal/resource.hpp"

namespace anvil::metal {

struct HeapDescriptor : objc::Object {
  using Super = RootObject;

  MTL::ResourceOptions resource_options() const {
    return static_cast<MTL::ResourceOptions>(storage_mode) << 4 | cpu_cache_mode |
           static_cast<MTL::ResourceOptions>(hazard_tracking_mode) << 8;
  }
  void set_resource_options(MTL::ResourceOptions options);

  NS::UInteger size = 0;
  MTL::StorageMode storage_mode = MTL::StorageModePrivate;
  MTL::CPUCacheMode cpu_cache_mode = MTL::CPUCacheModeDefaultCache;
  MTL::HazardTrackingMode hazard_tracking_mode = MTL::HazardTrackingModeDefault;
  MTL::HeapType type = MTL::HeapTypeAutomatic;
};

/// Alignment of buffers in a heap, as heapBufferSizeAndAlign states it.
constexpr size_t kHeapAlignment = 256;

struct Heap : Allocation {
  using Super = Allocation;

  Heap(Device* device, const HeapDescriptor& descriptor, std::unique_ptr<backend::Memory> memory);

  Buffer* new_buffer(NS::UInteger length, MTL::ResourceOptions options);
  Buffer* new_buffer_at(NS::UInteger length, MTL::ResourceOptions options, NS::UInteger offset);
  /// Makes the range that starts at `offset` free again.
  void give_back(size_t offset);

  NS::UInteger used_size() const;
  NS::UInteger max_available_size(NS::UInteger alignment) const;
  MTL::StorageMode storage_mode() const { return metal::storage_mode(options); }
  MTL::CPUCacheMode cpu_cache_mode() const { return metal::cpu_cache_mode(options); }
  MTL::HazardTrackingMode hazard_tracking_mode() const;

  Device* device;
  MTL::ResourceOptions options;
  MTL::HeapType type;
  size_t size;
  objc::Ref<String> label;

 private:
  objc::Ref<Buffer> place(size_t offset, size_t length, MTL::ResourceOptions options);
  bool options_match(MTL::ResourceOptions options) const;

  const std::unique_ptr<backend::Memory> memory_;
  mutable std::mutex mutex_;            // guards the rest
  std::multimap<size_t, size_t> used_;  // offset -> length; ranges overlap in placement heaps only
};

/// Null, with the reason on stderr, when there is no memory or the size is out of range.
objc::Ref<Heap> new_heap(Device* device, const HeapDescriptor* descriptor);

}  // namespace anvil::metal
