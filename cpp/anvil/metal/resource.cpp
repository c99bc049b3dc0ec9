#include "anvil/metal/resource.hpp"

#include "anvil/metal/heap.hpp"

namespace anvil::metal {

MTL::HazardTrackingMode Resource::hazard_tracking_mode() const {
  const auto mode = metal::hazard_tracking_mode(options);
  if (mode != MTL::HazardTrackingModeDefault) return mode;
  // Metal's defaults: resources of a heap are untracked.
  return heap ? MTL::HazardTrackingModeUntracked : MTL::HazardTrackingModeTracked;
}

void Resource::make_aliasable() {
  if (!heap || aliasable) return;
  aliasable = true;
  heap->give_back(heap_offset);
}

MTL::PurgeableState Allocation::set_purgeable_state(MTL::PurgeableState state) {
  if (state == MTL::PurgeableStateKeepCurrent) return purgeable_state.load();
  return purgeable_state.exchange(state);
}

std::string quoted(const objc::Ref<String>& label) {
  return label ? " '" + std::string(utf8(label.get())) + "'" : "";
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<Allocation> allocation_definition{
    "MTLAllocation",
    {
        objc::property<&Allocation::allocated_size>("allocatedSize"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<Resource> resource_definition{
    "MTLResource",
    {
        objc::property<&Resource::device>("device"),
        objc::property<&Resource::label>("label", "setLabel:"),
        objc::property<&Resource::options>("resourceOptions"),
        objc::method<&Resource::storage_mode>("storageMode"),
        objc::method<&Resource::cpu_cache_mode>("cpuCacheMode"),
        objc::method<&Resource::hazard_tracking_mode>("hazardTrackingMode"),
        objc::property<&Resource::heap>("heap"),
        objc::property<&Resource::heap_offset>("heapOffset"),
        objc::method<&Resource::make_aliasable>("makeAliasable"),
        objc::method<&Resource::is_aliasable>("isAliasable"),
        objc::method<&Resource::set_purgeable_state>("setPurgeableState:"),
    }};

}  // namespace
}  // namespace anvil::metal
