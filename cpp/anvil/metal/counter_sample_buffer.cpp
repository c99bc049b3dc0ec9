#include "anvil/metal/counter_sample_buffer.hpp"

#include <chrono>
#include <new>
#include <span>

#include "anvil/metal/blit_encoder.hpp"
#include "anvil/metal/buffer.hpp"
#include "anvil/metal/compute_encoder.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/objc/autorelease.hpp"
#include "anvil/objc/errors.hpp"

extern "C" {
extern MTL::CommonCounter const MTLCommonCounterTimestamp;
extern MTL::CommonCounterSet const MTLCommonCounterSetTimestamp;
}

namespace anvil::metal {
namespace {

// Enough for an hour of dispatches, and little memory.
constexpr size_t kMostSamples = 1 << 20;

std::string beyond(NS::Range range, const CounterSampleBuffer& samples) {
  return "samples [" + std::to_string(range.location) + ", +" + std::to_string(range.length) +
         ") are beyond the " + std::to_string(samples.count) + " of the counter sample buffer" +
         quoted(samples.label);
}

/// What commands refer to lies with the command buffer's, which keeps the objects.
struct Sample {
  CounterSampleBuffer* samples;
  size_t index;
};
struct Resolve {
  CounterSampleBuffer* samples;
  NS::Range range;
  backend::Address to;
};

template <class Call>
backend::CallCommand call_of(CommandArena& arena, const Call& call, void (*function)(void*)) {
  return {function, new (arena.allocate(sizeof(Call))) Call(call)};
}

}  // namespace

CounterSampleBuffer::CounterSampleBuffer(Device* device, objc::Ref<String> label, size_t count)
    : device(device),
      label(std::move(label)),
      count(count),
      samples_(std::make_unique<std::atomic<uint64_t>[]>(count)) {
  for (size_t i = 0; i < count; ++i) samples_[i] = MTL::CounterErrorValue;
}

void CounterSampleBuffer::sample(size_t index) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  samples_[index] = static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

bool CounterSampleBuffer::has(NS::Range range) const {
  return range.location <= count && range.length <= count - range.location;
}

std::vector<uint64_t> CounterSampleBuffer::results(NS::Range range) const {
  std::vector<uint64_t> results;
  for (size_t i = 0; i < range.length; ++i) results.push_back(samples_[range.location + i]);
  return results;
}

Data* CounterSampleBuffer::resolve(NS::Range range) const {
  if (!has(range))
    throw InvalidUse("-[MTLCounterSampleBuffer resolveCounterRange:]: " + beyond(range, *this));
  const std::vector<uint64_t> values = results(range);
  // metal-cpp reads a data's bytes by -mutableBytes.
  auto data = objc::make<MutableData>();
  const auto bytes = std::as_bytes(std::span(values));
  data->bytes.assign(bytes.begin(), bytes.end());
  return data.autoreleased();
}

void CounterSampleBuffer::invalidate(NS::Range range) {
  if (!has(range))
    throw InvalidUse("-[MTL4CounterHeap invalidateCounterRange:]: " + beyond(range, *this));
  for (size_t i = 0; i < range.length; ++i) samples_[range.location + i] = MTL::CounterErrorValue;
}

template <class Attachment>
Attachment* SampleAttachments<Attachment>::at(NS::UInteger index) {
  if (index >= kMost)
    throw InvalidUse(
        "-[MTL...PassSampleBufferAttachmentDescriptorArray "
        "objectAtIndexedSubscript:]: index " +
        std::to_string(index) + " exceeds the last one, " + std::to_string(kMost - 1));
  if (!items[index]) items[index] = objc::make<Attachment>();
  return objc::Ref(items[index]).autoreleased();
}

template <class Attachment>
void SampleAttachments<Attachment>::set(Attachment* attachment, NS::UInteger index) {
  at(index);
  items[index] = attachment ? objc::make<Attachment>(*attachment) : objc::Ref<Attachment>();
}

template struct SampleAttachments<ComputeSampleAttachment>;
template struct SampleAttachments<BlitSampleAttachment>;

void encode_sample(CommandBuffer& buffer, const char* method, CounterSampleBuffer* samples,
                   NS::UInteger index) {
  if (!buffer.recording()) return;
  if (!samples || index >= samples->count)
    return buffer.fail(MTL::CommandBufferErrorInvalidResource,
                       std::string(method) + ": " +
                           (samples ? beyond(NS::Range(index, 1), *samples)
                                    : std::string("nil counter sample buffer")));
  buffer.keep(samples);
  buffer.commands().push_back(call_of(buffer.arena(), Sample{samples, index}, [](void* argument) {
    const auto& its = *static_cast<const Sample*>(argument);
    its.samples->sample(its.index);
  }));
}

/// Every sample waits for what is before it, as if it had been asked to.
void ComputeCommandEncoder::sample_counters(CounterSampleBuffer* samples, NS::UInteger index,
                                            bool) {
  constexpr const char* method = "sampleCountersInBuffer:atSampleIndex:withBarrier:";
  if (!open(method)) return;
  encode_sample(*buffer,
                "-[MTLComputeCommandEncoder sampleCountersInBuffer:atSampleIndex:"
                "withBarrier:]",
                samples, index);
  next_waits_ = true;
}

void BlitCommandEncoder::sample_counters(CounterSampleBuffer* samples, NS::UInteger index, bool) {
  constexpr const char* method = "sampleCountersInBuffer:atSampleIndex:withBarrier:";
  if (!open(method)) return;
  encode_sample(*buffer,
                "-[MTLBlitCommandEncoder sampleCountersInBuffer:atSampleIndex:"
                "withBarrier:]",
                samples, index);
}

void BlitCommandEncoder::resolve_counters(CounterSampleBuffer* samples, NS::Range range, Buffer* to,
                                          NS::UInteger offset) {
  constexpr const char* method = "resolveCounters:inRange:destinationBuffer:destinationOffset:";
  if (!open(method)) return;
  if (!samples) return fail(method, "nil counter sample buffer");
  if (!samples->has(range)) return fail(method, beyond(range, *samples));
  if (!check_range(method, "destination", to, offset,
                   range.length * sizeof(MTL::CounterResultTimestamp)))
    return;
  buffer->hold(to);
  buffer->keep(samples);
  buffer->commands().push_back(
      call_of(buffer->arena(), Resolve{samples, range, to->address + offset}, [](void* argument) {
        const auto& its = *static_cast<const Resolve*>(argument);
        const std::vector<uint64_t> values = its.samples->results(its.range);
        its.samples->device->backend.write(its.to, std::as_bytes(std::span(values)));
      }));
}

const objc::Ref<Array>& counter_sets() {
  static const objc::Ref<Array>& sets = *new objc::Ref<Array>(objc::lasting([] {
    auto counter = objc::make<Counter>();
    counter->name = objc::Ref<String>(reinterpret_cast<String*>(MTLCommonCounterTimestamp));
    auto set = objc::make<CounterSet>();
    set->name = objc::Ref<String>(reinterpret_cast<String*>(MTLCommonCounterSetTimestamp));
    set->counters = make_array(std::vector{counter});
    return make_array(std::vector{set});
  }));
  return sets;
}

objc::Ref<CounterSampleBuffer> new_counter_sample_buffer(
    Device* device, const CounterSampleBufferDescriptor* descriptor, Error** error) {
  const std::string method = "-[MTLDevice newCounterSampleBufferWithDescriptor:error:]: ";
  const auto refuse = [&](const std::string& why) {
    give_error(error, make_error("MTLCounterErrorDomain", MTL::CounterSampleBufferErrorInvalid,
                                 method + why));
    return nullptr;
  };
  if (!descriptor) return refuse("nil descriptor");
  if (!descriptor->counter_set) return refuse("no counter set");
  if (descriptor->sample_count == 0 || descriptor->sample_count > kMostSamples)
    return refuse("sampleCount is " + std::to_string(descriptor->sample_count) +
                  "; it may be 1 to " + std::to_string(kMostSamples));
  return objc::make<CounterSampleBuffer>(device, descriptor->label, descriptor->sample_count);
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<Counter> counter_definition{"MTLCounter",
                                                        {
                                                            objc::property<&Counter::name>("name"),
                                                        }};

ANVIL_OBJC_CLASS_DEFINITION<CounterSet> counter_set_definition{
    "MTLCounterSet",
    {
        objc::property<&CounterSet::name>("name"),
        objc::property<&CounterSet::counters>("counters"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<CounterSampleBufferDescriptor>
    counter_sample_buffer_descriptor_definition{
        "MTLCounterSampleBufferDescriptor",
        {
            objc::property<&CounterSampleBufferDescriptor::counter_set>("counterSet",
                                                                        "setCounterSet:"),
            objc::property<&CounterSampleBufferDescriptor::label>("label", "setLabel:"),
            objc::property<&CounterSampleBufferDescriptor::storage_mode>("storageMode",
                                                                         "setStorageMode:"),
            objc::property<&CounterSampleBufferDescriptor::sample_count>("sampleCount",
                                                                         "setSampleCount:"),
            objc::copying<CounterSampleBufferDescriptor>(),
        }};

ANVIL_OBJC_CLASS_DEFINITION<CounterSampleBuffer> counter_sample_buffer_definition{
    "MTLCounterSampleBuffer",
    {
        objc::property<&CounterSampleBuffer::device>("device"),
        objc::property<&CounterSampleBuffer::label>("label"),
        objc::property<&CounterSampleBuffer::count>("sampleCount"),
        objc::method<&CounterSampleBuffer::resolve>("resolveCounterRange:"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<ComputeSampleAttachment> compute_attachment_definition{
    "MTLComputePassSampleBufferAttachmentDescriptor",
    {
        objc::property<&ComputeSampleAttachment::buffer>("sampleBuffer", "setSampleBuffer:"),
        objc::property<&ComputeSampleAttachment::at_start>("startOfEncoderSampleIndex",
                                                           "setStartOfEncoderSampleIndex:"),
        objc::property<&ComputeSampleAttachment::at_end>("endOfEncoderSampleIndex",
                                                         "setEndOfEncoderSampleIndex:"),
        objc::copying<ComputeSampleAttachment>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<SampleAttachments<ComputeSampleAttachment>>
    compute_attachments_definition{
        "MTLComputePassSampleBufferAttachmentDescriptorArray",
        {
            objc::method<&SampleAttachments<ComputeSampleAttachment>::at>(
                "objectAtIndexedSubscript:"),
            objc::method<&SampleAttachments<ComputeSampleAttachment>::set>(
                "setObject:atIndexedSubscript:"),
        }};

ANVIL_OBJC_CLASS_DEFINITION<BlitSampleAttachment> blit_attachment_definition{
    "MTLBlitPassSampleBufferAttachmentDescriptor",
    {
        objc::property<&BlitSampleAttachment::buffer>("sampleBuffer", "setSampleBuffer:"),
        objc::property<&BlitSampleAttachment::at_start>("startOfEncoderSampleIndex",
                                                        "setStartOfEncoderSampleIndex:"),
        objc::property<&BlitSampleAttachment::at_end>("endOfEncoderSampleIndex",
                                                      "setEndOfEncoderSampleIndex:"),
        objc::copying<BlitSampleAttachment>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<SampleAttachments<BlitSampleAttachment>> blit_attachments_definition{
    "MTLBlitPassSampleBufferAttachmentDescriptorArray",
    {
        objc::method<&SampleAttachments<BlitSampleAttachment>::at>("objectAtIndexedSubscript:"),
        objc::method<&SampleAttachments<BlitSampleAttachment>::set>(
            "setObject:atIndexedSubscript:"),
    }};

ANVIL_OBJC_CATEGORY<ComputeCommandEncoder> compute_samples{{
    objc::method<&ComputeCommandEncoder::sample_counters>(
        "sampleCountersInBuffer:atSampleIndex:withBarrier:"),
}};
ANVIL_OBJC_CATEGORY<BlitCommandEncoder> blit_samples{{
    objc::method<&BlitCommandEncoder::sample_counters>(
        "sampleCountersInBuffer:atSampleIndex:withBarrier:"),
    objc::method<&BlitCommandEncoder::resolve_counters>(
        "resolveCounters:inRange:destinationBuffer:destinationOffset:"),
}};

}  // namespace
}  // namespace anvil::metal
