// MTLCounterSampleBuffer, its sets and counters: times, which encoders note as they go.
#pragma once

#include <atomic>
#include <memory>

#include <Metal/MTLCounters.hpp>

#include "anvil/backend/commands.hpp"
#include "anvil/foundation/data.hpp"
#include "anvil/foundation/error.hpp"
#include "anvil/metal/resource.hpp"

namespace anvil::metal {

struct CommandBuffer;

struct Counter : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
};

/// There is one, of the time.
struct CounterSet : objc::Object {
  using Super = RootObject;

  objc::Ref<String> name;
  objc::Ref<Array> counters;
};

struct CounterSampleBufferDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<CounterSet> counter_set;
  objc::Ref<String> label;
  MTL::StorageMode storage_mode = MTL::StorageModeShared;
  NS::UInteger sample_count = 0;
};

struct CounterSampleBuffer : objc::Object {
  using Super = RootObject;

  CounterSampleBuffer(Device* device, objc::Ref<String> label, size_t count);

  /// Notes the time, in nanoseconds of the host's steady clock.
  void sample(size_t index);
  bool has(NS::Range range) const;
  /// MTLCounterResultTimestamps; what was never sampled is MTLCounterErrorValue.
  std::vector<uint64_t> results(NS::Range range) const;
  Data* resolve(NS::Range range) const;
  /// As if it had never been sampled.
  void invalidate(NS::Range range);

  Device* device;
  objc::Ref<String> label;
  const NS::UInteger count;

 private:
  const std::unique_ptr<std::atomic<uint64_t>[]> samples_;
};

/// What a pass samples as its encoder begins and ends.
struct SampleAttachment : objc::Object {
  using Super = RootObject;

  objc::Ref<CounterSampleBuffer> buffer;
  NS::UInteger at_start = MTL::CounterDontSample, at_end = MTL::CounterDontSample;
};
struct ComputeSampleAttachment : SampleAttachment {
  using Super = RootObject;
};
struct BlitSampleAttachment : SampleAttachment {
  using Super = RootObject;
};

/// An object is made when it is asked for.
template <class Attachment>
struct SampleAttachments : objc::Object {
  using Super = RootObject;
  static constexpr size_t kMost = 4;

  SampleAttachments() = default;
  SampleAttachments(const SampleAttachments& other) {
    for (size_t i = 0; i < kMost; ++i)
      if (other.items[i]) items[i] = objc::make<Attachment>(*other.items[i]);
  }

  Attachment* at(NS::UInteger index);
  void set(Attachment* attachment, NS::UInteger index);

  objc::Ref<Attachment> items[kMost];
};

/// Has the command buffer note the time when it comes there. A mistake, such as an index beyond the
/// samples, is its failure.
void encode_sample(CommandBuffer& buffer, const char* method, CounterSampleBuffer* samples,
                   NS::UInteger index);

/// Null and an error in MTLCounterErrorDomain for a descriptor that cannot be.
objc::Ref<CounterSampleBuffer> new_counter_sample_buffer(
    Device* device, const CounterSampleBufferDescriptor* descriptor, Error** error);

/// Of every device.
const objc::Ref<Array>& counter_sets();

}  // namespace anvil::metal
