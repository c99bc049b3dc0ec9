#include "anvil/metal/residency_set.hpp"

#include <algorithm>

namespace anvil::metal {
namespace {
auto is(const Allocation* allocation) {
  return [=](const objc::Ref<Allocation>& ref) { return ref.get() == allocation; };
}
}  // namespace

void ResidencySet::add(Allocation* allocation) {
  std::lock_guard lock(mutex_);
  if (allocation && std::none_of(allocations_.begin(), allocations_.end(), is(allocation)))
    allocations_.emplace_back(allocation);
}

void ResidencySet::add_all(Allocation* const* allocations, NS::UInteger count) {
  for (NS::UInteger i = 0; i < count; ++i) add(allocations[i]);
}

void ResidencySet::remove(Allocation* allocation) {
  std::lock_guard lock(mutex_);
  std::erase_if(allocations_, is(allocation));
}

void ResidencySet::remove_all(Allocation* const* allocations, NS::UInteger count) {
  for (NS::UInteger i = 0; i < count; ++i) remove(allocations[i]);
}

void ResidencySet::clear() {
  std::lock_guard lock(mutex_);
  allocations_.clear();
}

bool ResidencySet::contains(Allocation* allocation) const {
  std::lock_guard lock(mutex_);
  return std::any_of(allocations_.begin(), allocations_.end(), is(allocation));
}

NS::UInteger ResidencySet::count() const {
  std::lock_guard lock(mutex_);
  return allocations_.size();
}

uint64_t ResidencySet::allocated_size() const {
  std::lock_guard lock(mutex_);
  uint64_t sum = 0;
  for (const auto& allocation : allocations_) sum += allocation->allocated_size;
  return sum;
}

Array* ResidencySet::all() const {
  std::lock_guard lock(mutex_);
  std::vector<objc::Ref<objc_object>> items(allocations_.begin(), allocations_.end());
  return objc::make<Array>(std::move(items)).autoreleased();
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<ResidencySetDescriptor> residency_set_descriptor_definition{
    "MTLResidencySetDescriptor",
    {
        objc::property<&ResidencySetDescriptor::label>("label", "setLabel:"),
        objc::property<&ResidencySetDescriptor::initial_capacity>("initialCapacity",
                                                                  "setInitialCapacity:"),
        objc::copying<ResidencySetDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<ResidencySet> residency_set_definition{
    "MTLResidencySet",
    {
        objc::property<&ResidencySet::device>("device"),
        objc::property<&ResidencySet::label>("label"),
        objc::method<&ResidencySet::add>("addAllocation:"),
        objc::method<&ResidencySet::add_all>("addAllocations:count:"),
        objc::method<&ResidencySet::remove>("removeAllocation:"),
        objc::method<&ResidencySet::remove_all>("removeAllocations:count:"),
        objc::method<&ResidencySet::clear>("removeAllAllocations"),
        objc::method<&ResidencySet::contains>("containsAllocation:"),
        objc::method<&ResidencySet::count>("allocationCount"),
        objc::method<&ResidencySet::allocated_size>("allocatedSize"),
        objc::method<&ResidencySet::all>("allAllocations"),
        objc::method<&ResidencySet::no_effect>("commit"),
        objc::method<&ResidencySet::no_effect>("requestResidency"),
        objc::method<&ResidencySet::no_effect>("endResidency"),
    }};

}  // namespace
}  // namespace anvil::metal
