#include "anvil/metal/mtl4_counter_heap.hpp"

#include "anvil/metal/blit_encoder.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/mtl4_command_buffer.hpp"
#include "anvil/metal/mtl4_compute_encoder.hpp"

namespace anvil::metal {
namespace {

constexpr NS::UInteger kMostEntries = 1 << 20;  // as of a counter sample buffer

CounterSampleBuffer* samples_of(const MTL4CounterHeap* heap) {
  return heap ? heap->samples.get() : nullptr;
}

}  // namespace

void MTL4CommandBuffer::write_timestamp(const MTL4CounterHeap* heap, NS::UInteger index) {
  encode_sample(open("writeTimestampIntoHeap:atIndex:"),
                "-[MTL4CommandBuffer writeTimestampIntoHeap:atIndex:]", samples_of(heap), index);
}

void MTL4CommandBuffer::resolve_counters(const MTL4CounterHeap* heap, NS::Range range,
                                         MTL4::BufferRange to, const Fence*, const Fence*) {
  constexpr const char* method = "resolveCounterHeap:withRange:intoBuffer:waitFence:updateFence:";
  CommandBuffer& commands = open(method);
  if (!commands.can_encode(method)) return;
  const objc::Ref<Buffer> buffer = device->addresses.buffer_at(to.bufferAddress);
  const auto encoder =
      objc::make<BlitCommandEncoder>(objc::Ref<CommandBuffer>(&commands), "MTL4CommandBuffer");
  encoder->resolve_counters(samples_of(heap), range, buffer.get(),
                            buffer ? to.bufferAddress - buffer->address : 0);
  encoder->end_encoding();
}

void MTL4ComputeCommandEncoder::write_timestamp(MTL4::TimestampGranularity,
                                                const MTL4CounterHeap* heap, NS::UInteger index) {
  if (!compute_->open("writeTimestampWithGranularity:intoHeap:atIndex:")) return;
  encode_sample(*compute_->buffer,
                "-[MTL4ComputeCommandEncoder writeTimestampWithGranularity:intoHeap:atIndex:]",
                samples_of(heap), index);
  compute_->memory_barrier(MTL::BarrierScopeBuffers);
}

namespace {

MTL4CounterHeap* new_counter_heap(Device* device, const MTL4CounterHeapDescriptor* descriptor,
                                  Error** error) {
  const std::string method = "-[MTLDevice newCounterHeapWithDescriptor:error:]: ";
  const auto refuse = [&](const std::string& why) -> MTL4CounterHeap* {
    give_error(error, library_error(MTL::LibraryErrorUnsupported, method + why));
    return nullptr;
  };
  if (!descriptor || descriptor->type != MTL4::CounterHeapTypeTimestamp)
    return refuse("unsupported type; supported: MTL4CounterHeapTypeTimestamp");
  if (descriptor->count == 0 || descriptor->count > kMostEntries)
    return refuse("count " + std::to_string(descriptor->count) + " is not between 1 and " +
                  std::to_string(kMostEntries));
  return objc::make<MTL4CounterHeap>(device, descriptor->count).detach();
}

NS::UInteger size_of_entry(const Device*, MTL4::CounterHeapType type) {
  return type == MTL4::CounterHeapTypeTimestamp ? sizeof(MTL4::TimestampHeapEntry) : 0;
}

ANVIL_OBJC_CLASS_DEFINITION<MTL4CounterHeapDescriptor> counter_heap_descriptor_definition{
    "MTL4CounterHeapDescriptor",
    {
        objc::property<&MTL4CounterHeapDescriptor::type>("type", "setType:"),
        objc::property<&MTL4CounterHeapDescriptor::count>("count", "setCount:"),
        objc::copying<MTL4CounterHeapDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<MTL4CounterHeap> counter_heap_definition{
    "MTL4CounterHeap",
    {
        objc::method<&MTL4CounterHeap::count>("count"),
        objc::method<&MTL4CounterHeap::type>("type"),
        objc::method<&MTL4CounterHeap::label>("label"),
        objc::method<&MTL4CounterHeap::set_label>("setLabel:"),
        objc::method<&MTL4CounterHeap::resolve>("resolveCounterRange:"),
        objc::method<&MTL4CounterHeap::invalidate>("invalidateCounterRange:"),
    }};

ANVIL_OBJC_CATEGORY<MTL4CommandBuffer> command_buffer_counters{{
    objc::method<&MTL4CommandBuffer::write_timestamp>("writeTimestampIntoHeap:atIndex:"),
    objc::method<&MTL4CommandBuffer::resolve_counters>(
        "resolveCounterHeap:withRange:intoBuffer:waitFence:updateFence:"),
}};

ANVIL_OBJC_CATEGORY<MTL4ComputeCommandEncoder> compute_encoder_counters{{
    objc::method<&MTL4ComputeCommandEncoder::write_timestamp>(
        "writeTimestampWithGranularity:intoHeap:atIndex:"),
}};

ANVIL_OBJC_CATEGORY<Device> device_counter_heaps{{
    objc::function<&new_counter_heap>("newCounterHeapWithDescriptor:error:"),
    objc::function<&size_of_entry>("sizeOfCounterHeapEntry:"),
}};

}  // namespace
}  // namespace anvil::metal
