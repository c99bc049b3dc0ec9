// MTL4CounterHeap: timestamps, as MTLCounterSampleBuffer has them.
#pragma once

#include <Metal/MTL4Counters.hpp>

#include "anvil/metal/counter_sample_buffer.hpp"

namespace anvil::metal {

struct MTL4CounterHeapDescriptor : objc::Object {
  using Super = RootObject;

  MTL4::CounterHeapType type = MTL4::CounterHeapTypeInvalid;
  NS::UInteger count = 0;
};

struct MTL4CounterHeap : objc::Object {
  using Super = RootObject;

  MTL4CounterHeap(Device* device, size_t count)
      : samples(objc::make<CounterSampleBuffer>(device, nullptr, count)) {}

  NS::UInteger count() const { return samples->count; }
  MTL4::CounterHeapType type() const { return MTL4::CounterHeapTypeTimestamp; }
  String* label() const { return objc::Ref<String>(samples->label).autoreleased(); }
  void set_label(String* label) { samples->label = kept_copy(label); }
  /// Throw InvalidUse for what is beyond its end.
  Data* resolve(NS::Range range) const { return samples->resolve(range); }
  void invalidate(NS::Range range) { samples->invalidate(range); }

  const objc::Ref<CounterSampleBuffer> samples;
};

}  // namespace anvil::metal
