// MTLResidencySet: memory is always resident here, so that a set only keeps its allocations alive.
#pragma once

#include <Metal/MTLResidencySet.hpp>
#include <mutex>
#include <vector>

#include "anvil/foundation/array.hpp"
#include "anvil/metal/resource.hpp"

namespace anvil::metal {

struct ResidencySetDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<String> label;
  NS::UInteger initial_capacity = 0;
};

struct ResidencySet : objc::Object {
  using Super = RootObject;

  ResidencySet(Device* device, objc::Ref<String> label) : device(device), label(std::move(label)) {}

  void add(Allocation* allocation);
  void add_all(Allocation* const* allocations, NS::UInteger count);
  void remove(Allocation* allocation);
  void remove_all(Allocation* const* allocations, NS::UInteger count);
  void clear();
  bool contains(Allocation* allocation) const;
  NS::UInteger count() const;
  uint64_t allocated_size() const;
  Array* all() const;
  void no_effect() {}

  Device* device;
  objc::Ref<String> label;

 private:
  mutable std::mutex mutex_;
  std::vector<objc::Ref<Allocation>> allocations_;
};

}  // namespace anvil::metal
