// Heaps, purgeable memory, residency, events, fences, captures: what Apple's documentation of each
// class promises, which is quoted where it is not plain.
#include <dispatch/dispatch.h>

#include <cstring>
#include <future>
#include <set>

#include "host.hpp"

using host::contains;
using host::text;

namespace {

struct Heaps : host::Setup {
  NS::SharedPtr<MTL::Heap> heap(MTL::HeapType type) {
    auto descriptor = NS::TransferPtr(MTL::HeapDescriptor::alloc()->init());
    descriptor->setSize(4096);
    descriptor->setType(type);
    descriptor->setStorageMode(MTL::StorageModeShared);
    return NS::TransferPtr(device->newHeap(descriptor.get()));
  }
};

NS::SharedPtr<MTL::Buffer> new_buffer(MTL::Heap* heap, NS::UInteger length) {
  return NS::TransferPtr(heap->newBuffer(length, MTL::ResourceStorageModeShared));
}

}  // namespace

TEST_CASE("a heap gives an aliasable resource's memory to later ones, and takes it back once") {
  Heaps s;
  auto heap = s.heap(MTL::HeapTypeAutomatic);
  auto first = new_buffer(heap.get(), 2048), second = new_buffer(heap.get(), 2048);
  CHECK(heap->usedSize() == 4096);
  CHECK(heap->maxAvailableSize(256) == 0);
  CHECK_FALSE(first->isAliasable());
  CHECK(new_buffer(heap.get(), 64).get() == nullptr);
  // "Allows future heap resource allocations to alias against the resource's memory, reusing it."
  first->makeAliasable();
  first->makeAliasable();
  CHECK(first->isAliasable());
  CHECK(heap->usedSize() == 2048);
  auto third = new_buffer(heap.get(), 2048);
  REQUIRE(third);
  CHECK(third->heapOffset() == first->heapOffset());
  std::memset(third->contents(), 5, 2048);
  CHECK(static_cast<char*>(first->contents())[2047] == 5);
  // The range is the third's now: the first's end does not free it.
  first.reset();
  CHECK(heap->usedSize() == 4096);
  CHECK(new_buffer(heap.get(), 64).get() == nullptr);
  third.reset();
  CHECK(heap->usedSize() == 2048);
  auto other = NS::TransferPtr(s.device->newBuffer(64, MTL::ResourceStorageModeShared));
  other->makeAliasable();  // of no heap: nothing to alias
  CHECK_FALSE(other->isAliasable());
}

TEST_CASE("a resource keeps its heap's memory alive") {
  Heaps s;
  auto heap = s.heap(MTL::HeapTypePlacement);
  auto buffer =
      NS::TransferPtr(heap->newBuffer(1024, MTL::ResourceStorageModeShared, NS::UInteger{1024}));
  CHECK(heap->type() == MTL::HeapTypePlacement);
  CHECK(heap->currentAllocatedSize() == 4096);
  CHECK(heap->newBuffer(1024, MTL::ResourceStorageModeShared) == nullptr);  // without an offset
  heap.reset();
  std::memset(buffer->contents(), 1, 1024);
  CHECK(buffer->heap()->size() == 4096);
  // A heap's resources are not tracked unless they ask for it.
  CHECK(buffer->hazardTrackingMode() == MTL::HazardTrackingModeUntracked);
}

TEST_CASE("setting a purgeable state gives the one before, of resources and of heaps") {
  Heaps s;
  auto heap = s.heap(MTL::HeapTypeAutomatic);
  auto buffer = NS::TransferPtr(s.device->newBuffer(64, MTL::ResourceStorageModeShared));
  const auto check = [](auto* each) {
    using enum MTL::PurgeableState;
    CHECK(each->setPurgeableState(PurgeableStateKeepCurrent) == PurgeableStateNonVolatile);
    CHECK(each->setPurgeableState(PurgeableStateVolatile) == PurgeableStateNonVolatile);
    CHECK(each->setPurgeableState(PurgeableStateKeepCurrent) == PurgeableStateVolatile);
    CHECK(each->setPurgeableState(PurgeableStateEmpty) == PurgeableStateVolatile);
    // Its contents are gone: who makes it non-volatile again is told so.
    CHECK(each->setPurgeableState(PurgeableStateNonVolatile) == PurgeableStateEmpty);
    CHECK(each->setPurgeableState(PurgeableStateKeepCurrent) == PurgeableStateNonVolatile);
  };
  check(buffer.get());
  check(heap.get());
}

TEST_CASE("residency sets take resources and heaps, and list what they have") {
  Heaps s;
  auto descriptor = NS::TransferPtr(MTL::ResidencySetDescriptor::alloc()->init());
  descriptor->setLabel(MTLSTR("weights"));
  descriptor->setInitialCapacity(4);
  CHECK(descriptor->initialCapacity() == 4);
  NS::Error* error = nullptr;
  NS::SharedPtr<MTL::ResidencySet> set =
      NS::TransferPtr(s.device->newResidencySet(descriptor.get(), &error));
  REQUIRE_MESSAGE(set, text(error));
  CHECK(text(set->label()) == "weights");
  CHECK(set->device() == s.device);
  auto heap = s.heap(MTL::HeapTypeAutomatic);
  auto buffer = NS::TransferPtr(s.device->newBuffer(64, MTL::ResourceStorageModeShared));
  const MTL::Allocation* const both[] = {heap.get(), buffer.get()};
  set->addAllocations(both, 2);
  set->commit();
  CHECK(set->allocationCount() == 2);
  CHECK(set->allAllocations()->count() == 2);
  CHECK(set->allocatedSize() == heap->allocatedSize() + buffer->allocatedSize());
  set->removeAllocation(heap.get());
  CHECK_FALSE(set->containsAllocation(heap.get()));
  set->removeAllocations(both, 2);
  CHECK(set->allocationCount() == 0);
  set->endResidency();
  MTL::CommandBuffer* commands = s.queue->commandBuffer();
  commands->useResidencySet(set.get());
  s.queue->addResidencySet(set.get());
  s.queue->removeResidencySet(set.get());
  commands->commit();
  commands->waitUntilCompleted();
  CHECK(commands->status() == MTL::CommandBufferStatusCompleted);
}

TEST_CASE("an event orders the queues of a device, and a handle names it for another one") {
  Heaps s;
  NS::SharedPtr<MTL::Event> event = NS::TransferPtr(s.device->newEvent());
  event->setLabel(MTLSTR("turn"));
  CHECK(text(event->label()) == "turn");
  CHECK(event->device() == s.device);
  auto other = NS::TransferPtr(s.device->newCommandQueue());
  auto memory = NS::TransferPtr(s.device->newBuffer(4, MTL::ResourceStorageModeShared));
  MTL::CommandBuffer* second = other->commandBuffer();
  second->encodeWait(event.get(), 1);
  MTL::BlitCommandEncoder* blit = second->blitCommandEncoder();
  blit->fillBuffer(memory.get(), NS::Range(0, 4), 2);
  blit->endEncoding();
  second->commit();
  MTL::CommandBuffer* first = s.queue->commandBuffer();
  blit = first->blitCommandEncoder();
  blit->fillBuffer(memory.get(), NS::Range(0, 4), 1);
  blit->endEncoding();
  first->encodeSignalEvent(event.get(), 1);
  first->commit();
  second->waitUntilCompleted();
  CHECK(host::values<char>(memory.get()) == std::vector<char>(4, 2));

  // Every device of this process: a handle made by one is an event of any.
  auto shared = NS::TransferPtr(s.device->newSharedEvent());
  shared->setLabel(MTLSTR("shared"));
  NS::SharedPtr<MTL::SharedEventHandle> handle = NS::TransferPtr(shared->newSharedEventHandle());
  CHECK(text(handle->label()) == "shared");
  NS::Array* devices = MTL::CopyAllDevices();
  for (NS::UInteger i = 0; i < devices->count(); ++i) {
    auto* device = devices->object<MTL::Device>(i);
    auto there = NS::TransferPtr(device->newSharedEvent(handle.get()));
    auto queue = NS::TransferPtr(device->newCommandQueue());
    MTL::CommandBuffer* commands = queue->commandBuffer();
    commands->encodeSignalEvent(there.get(), i + 7);
    commands->commit();
    CHECK(shared->waitUntilSignaledValue(i + 7, 10000));
    CHECK(shared->signaledValue() == i + 7);
    commands->waitUntilCompleted();
  }
  devices->release();
}

TEST_CASE("a listener is told on its own queue") {
  host::Setup s;
  auto event = NS::TransferPtr(s.device->newSharedEvent());
  dispatch_queue_t queue = dispatch_queue_create("org.example.listener", DISPATCH_QUEUE_SERIAL);
  auto listener = NS::TransferPtr(MTL::SharedEventListener::alloc()->init(queue));
  CHECK(listener->dispatchQueue() == queue);
  // Held up until here lets go: what comes before on the queue comes first.
  std::promise<void> go;
  std::promise<uint64_t> reached;
  std::future<void> gone = go.get_future();
  std::future<void>* const waited = &gone;
  dispatch_async(queue, ^{
    waited->wait();
  });
  event->notifyListener(listener.get(), 2,
                        [&](MTL::SharedEvent*, uint64_t value) { reached.set_value(value); });
  event->setSignaledValue(3);
  std::future<uint64_t> value = reached.get_future();
  CHECK(value.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  go.set_value();
  CHECK(value.get() == 3);
  dispatch_sync(queue, ^{
                });
  listener.reset();
  dispatch_release(reinterpret_cast<dispatch_object_t>(queue));
}

TEST_CASE("fences are objects of a device, and order encoders") {
  host::Setup s;
  NS::SharedPtr<MTL::Fence> fence = NS::TransferPtr(s.device->newFence());
  fence->setLabel(MTLSTR("after the copy"));
  CHECK(text(fence->label()) == "after the copy");
  CHECK(fence->device() == s.device);
  auto memory = NS::TransferPtr(s.device->newBuffer(4, MTL::ResourceStorageModeShared));
  MTL::CommandBuffer* commands = s.queue->commandBuffer();
  for (const uint8_t value : {1, 2}) {
    MTL::BlitCommandEncoder* blit = commands->blitCommandEncoder();
    if (value == 2) blit->waitForFence(fence.get());
    blit->fillBuffer(memory.get(), NS::Range(0, 4), value);
    blit->updateFence(fence.get());
    static_cast<MTL::CommandEncoder*>(blit)->endEncoding();
  }
  commands->commit();
  commands->waitUntilCompleted();
  CHECK(host::values<char>(memory.get()) == std::vector<char>(4, 2));
}

TEST_CASE("captures are refused with a reason, and scopes answer") {
  host::Setup s;
  MTL::CaptureManager* manager = MTL::CaptureManager::sharedCaptureManager();
  CHECK_FALSE(manager->supportsDestination(MTL::CaptureDestinationGPUTraceDocument));
  NS::SharedPtr<MTL::CaptureDescriptor> descriptor =
      NS::TransferPtr(MTL::CaptureDescriptor::alloc()->init());
  CHECK(descriptor->destination() == MTL::CaptureDestinationDeveloperTools);
  descriptor->setCaptureObject(reinterpret_cast<NS::Object*>(s.queue));
  descriptor->setDestination(MTL::CaptureDestinationGPUTraceDocument);
  descriptor->setOutputURL(NS::URL::fileURLWithPath(MTLSTR("/tmp/x.gputrace")));
  NS::Error* error = nullptr;
  CHECK_FALSE(manager->startCapture(descriptor.get(), &error));
  CHECK(error->code() == MTL::CaptureErrorNotSupported);
  CHECK(contains(text(error), "GPU traces are not supported; supported: the folder of kernels"));
  CHECK_FALSE(manager->isCapturing());
  NS::SharedPtr<MTL::CaptureScope> scope = NS::TransferPtr(manager->newCaptureScope(s.queue));
  scope->setLabel(MTLSTR("frame"));
  CHECK(text(scope->label()) == "frame");
  CHECK(scope->commandQueue() == s.queue);
  CHECK(scope->device() == s.device);
  manager->setDefaultCaptureScope(scope.get());
  CHECK(manager->defaultCaptureScope() == scope.get());
  manager->setDefaultCaptureScope(nullptr);
  scope->beginScope();
  scope->endScope();
  manager->stopCapture();
}

TEST_CASE("passes hold what samples their boundaries, each index once") {
  MTL::ComputePassDescriptor* compute = MTL::ComputePassDescriptor::computePassDescriptor();
  MTL::ComputePassSampleBufferAttachmentDescriptorArray* of_compute =
      compute->sampleBufferAttachments();
  MTL::ComputePassSampleBufferAttachmentDescriptor* at = of_compute->object(1);
  CHECK(of_compute->object(1) == at);
  CHECK(of_compute->object(0) != at);
  CHECK(at->sampleBuffer() == nullptr);
  at->setStartOfEncoderSampleIndex(3);
  at->setEndOfEncoderSampleIndex(MTL::CounterDontSample);
  CHECK(of_compute->object(1)->startOfEncoderSampleIndex() == 3);
  CHECK(at->endOfEncoderSampleIndex() == MTL::CounterDontSample);
  auto made = NS::TransferPtr(MTL::ComputePassSampleBufferAttachmentDescriptor::alloc()->init());
  made->setStartOfEncoderSampleIndex(9);
  of_compute->setObject(made.get(), 1);
  CHECK(of_compute->object(1)->startOfEncoderSampleIndex() == 9);

  MTL::BlitPassDescriptor* blit = MTL::BlitPassDescriptor::blitPassDescriptor();
  MTL::BlitPassSampleBufferAttachmentDescriptorArray* of_blit = blit->sampleBufferAttachments();
  MTL::BlitPassSampleBufferAttachmentDescriptor* blits = of_blit->object(0);
  blits->setEndOfEncoderSampleIndex(2);
  CHECK(of_blit->object(0)->endOfEncoderSampleIndex() == 2);
}

TEST_CASE("a device says what it is made of") {
  host::Setup s;
  NS::SharedPtr<MTL::Architecture> architecture = NS::RetainPtr(s.device->architecture());
  CHECK(architecture->name()->length() > 0);
  auto descriptor = NS::TransferPtr(MTL::TextureViewDescriptor::alloc()->init());
  descriptor->setPixelFormat(MTL::PixelFormatR32Uint);
  descriptor->setTextureType(MTL::TextureType2D);
  descriptor->setLevelRange(NS::Range(1, 2));
  descriptor->setSliceRange(NS::Range(0, 1));
  CHECK(descriptor->pixelFormat() == MTL::PixelFormatR32Uint);
  CHECK(descriptor->levelRange().location == 1);
  auto of = NS::TransferPtr(MTL::TextureDescriptor::alloc()->init());
  of->setPixelFormat(MTL::PixelFormatR32Float);
  of->setWidth(8);
  of->setHeight(8);
  of->setMipmapLevelCount(4);
  of->setUsage(MTL::TextureUsagePixelFormatView);
  auto texture = NS::TransferPtr(s.device->newTexture(of.get()));
  auto view = NS::TransferPtr(texture->newTextureView(descriptor.get()));
  REQUIRE(view);
  CHECK(view->width() == 4);
  CHECK(view->mipmapLevelCount() == 2);
  CHECK(view->parentTexture() == texture.get());
}
