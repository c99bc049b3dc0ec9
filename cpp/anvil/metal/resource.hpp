// MTLResource: what buffers have in common with Metal's other resources.
#pragma once

#include <atomic>
#include <cstdint>

#include <Metal/MTLResource.hpp>

#include "anvil/foundation/string.hpp"

namespace anvil::metal {

struct Device;
struct Heap;

/// MTLAllocation: anything that a residency set can hold.
struct Allocation : objc::Object {
  using Super = RootObject;

  /// Memory is never taken away here: what was volatile is still there. The state before.
  MTL::PurgeableState set_purgeable_state(MTL::PurgeableState state);

  size_t allocated_size = 0;
  std::atomic<MTL::PurgeableState> purgeable_state = MTL::PurgeableStateNonVolatile;
};

/// Fields of MTLResourceOptions.
constexpr MTL::StorageMode storage_mode(MTL::ResourceOptions options) {
  return static_cast<MTL::StorageMode>(options >> 4 & 0xf);
}
constexpr MTL::CPUCacheMode cpu_cache_mode(MTL::ResourceOptions options) {
  return static_cast<MTL::CPUCacheMode>(options & 0xf);
}
constexpr MTL::HazardTrackingMode hazard_tracking_mode(MTL::ResourceOptions options) {
  return static_cast<MTL::HazardTrackingMode>(options >> 8 & 0x3);
}

struct Resource : Allocation {
  using Super = Allocation;

  Resource(Device* device, MTL::ResourceOptions options) : device(device), options(options) {}

  MTL::StorageMode storage_mode() const { return metal::storage_mode(options); }
  MTL::CPUCacheMode cpu_cache_mode() const { return metal::cpu_cache_mode(options); }
  MTL::HazardTrackingMode hazard_tracking_mode() const;
  void make_aliasable();
  bool is_aliasable() const { return aliasable; }

  Device* device;
  MTL::ResourceOptions options;
  objc::Ref<String> label;
  objc::Ref<Heap> heap;  ///< where the memory is, if in one
  size_t heap_offset = 0;
  bool aliasable = false;

  /// Serial number of the command buffer that was the last to take a reference, so that it takes
  /// one only.
  std::atomic<uint64_t> holder = 0;
};

/// The label between quotes, after a space; empty if there is none. For error texts.
std::string quoted(const objc::Ref<String>& label);

}  // namespace anvil::metal
