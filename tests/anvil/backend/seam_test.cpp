// metal-cpp programs over a device that only notes what it is asked: every request of Metal's
// classes is compared with what the program did.
#include <atomic>
#include <utility>

#include "program.hpp"

using anvil::backend::Failure;

TEST_CASE("what a program sees of the device is what the device says of itself") {
  Program p;
  CHECK(text(p.device->name()) == "Recorder");
  CHECK(text(p.device->architecture()->name()) == "recorder_1");
  CHECK_FALSE(p.device->hasUnifiedMemory());
  CHECK(p.device->maxThreadsPerThreadgroup().width == 256);
  CHECK(p.device->maxThreadgroupMemoryLength() == 1024);
  CHECK(p.device->recommendedMaxWorkingSetSize() == 1 << 20);
  CHECK(p.device->maxBufferLength() == 1 << 16);
  CHECK(p.axpy->threadExecutionWidth() == 32);
  auto all = NS::TransferPtr(MTL::CopyAllDevices());
  CHECK(all->count() == 1);
  CHECK(all->object(0) == p.device.get());
}

TEST_CASE("a device gets a library's function and compiles it to code of its own") {
  Program p;
  p.pipeline("reverse");
  CHECK(p.recorder.requests() == Requests{"load text 'record of reverse'"});
}

TEST_CASE("memory is allocated where its storage mode says, and given back with its buffer") {
  Program p;
  {
    auto shared = p.buffer(100);
    auto managed = p.buffer(200, MTL::ResourceStorageModeManaged);
    auto own = p.buffer(300, MTL::ResourceStorageModePrivate);
    CHECK(shared->contents() != nullptr);
    CHECK(managed->contents() != nullptr);
    CHECK(own->contents() == nullptr);
    CHECK(own->gpuAddress() != 0);
    CHECK(shared->gpuAddress() != reinterpret_cast<uint64_t>(shared->contents()));
    CHECK(p.device->currentAllocatedSize() == 600);
    const char bytes[] = "0123456789";
    auto filled =
        NS::TransferPtr(p.device->newBuffer(bytes, sizeof bytes, MTL::ResourceStorageModePrivate));
    auto copied =
        NS::TransferPtr(p.device->newBuffer(bytes, sizeof bytes, MTL::ResourceStorageModeShared));
    CHECK(static_cast<const char*>(copied->contents()) == std::string(bytes));
    CHECK(p.recorder.requests() == Requests{"allocate 100 shared", "allocate 200 shared",
                                            "allocate 300 device_only", "allocate 11 device_only",
                                            "write 11 to #4", "allocate 11 shared"});
  }
  CHECK(p.recorder.requests() == Requests{"free #5", "free #4", "free #3", "free #2", "free #1"});
  CHECK(p.device->currentAllocatedSize() == 0);
}

TEST_CASE("pages of the program's are borrowed, before which the deallocator does not run") {
  Program p;
  alignas(65536) static std::byte pages[65536];
  __block Requests at_deallocation;
  RecordingDevice& recorder = p.recorder;
  {
    auto buffer = NS::TransferPtr(p.device->newBuffer(
        pages, sizeof pages, MTL::ResourceStorageModeShared, ^(void*, NS::UInteger) {
          at_deallocation = recorder.requests();
        }));
    CHECK(buffer->contents() == pages);
    CHECK(p.device->currentAllocatedSize() == 0);
  }
  CHECK(at_deallocation == Requests{"borrow 65536", "free #1"});
  p.recorder.refuses = true;
  CHECK(p.device->newBuffer(pages, sizeof pages, MTL::ResourceStorageModeShared, nullptr) ==
        nullptr);
}

TEST_CASE("a heap is one allocation, whose buffers are ranges of its addresses") {
  Program p;
  auto descriptor = NS::TransferPtr(MTL::HeapDescriptor::alloc()->init());
  descriptor->setSize(4096);
  descriptor->setStorageMode(MTL::StorageModePrivate);
  auto heap = NS::TransferPtr(p.device->newHeap(descriptor.get()));
  auto first = NS::TransferPtr(heap->newBuffer(100, MTL::ResourceStorageModePrivate));
  auto second = NS::TransferPtr(heap->newBuffer(100, MTL::ResourceStorageModePrivate));
  CHECK(second->gpuAddress() == first->gpuAddress() + 256);
  CHECK(second->contents() == nullptr);
  MTL::CommandBuffer* commands = p.commit_fill(second.get(), 7);
  p.recorder.complete();
  commands->waitUntilCompleted();
  CHECK(p.recorder.requests() ==
        Requests{"allocate 4096 device_only", "submit", "  fill 16 at #1+256 with 7"});
}

TEST_CASE("commands come with the device's addresses, in order, at one commit") {
  Program p;
  auto x = p.buffer(4096, MTL::ResourceStorageModePrivate), y = p.buffer(4096);
  auto event = NS::TransferPtr(p.device->newEvent());
  MTL::CommandBuffer* commands = p.queue->commandBuffer();
  commands->encodeWait(event.get(), 3);
  MTL::BlitCommandEncoder* blit = commands->blitCommandEncoder();
  blit->copyFromBuffer(y.get(), 8, x.get(), 0, 64);
  blit->endEncoding();
  MTL::ComputeCommandEncoder* encoder =
      commands->computeCommandEncoder(MTL::DispatchTypeConcurrent);
  p.encode(encoder, x.get(), y.get(), 100);
  p.encode(encoder, x.get(), y.get(), 64);
  encoder->memoryBarrier(MTL::BarrierScopeBuffers);
  encoder->dispatchThreadgroups(y.get(), 16, {8, 4, 1});
  encoder->endEncoding();
  commands->encodeSignalEvent(event.get(), 4);
  CHECK(p.recorder.requests() == Requests{"allocate 4096 device_only", "allocate 4096 shared"});
  commands->commit();
  const std::string axpy = "axpy(x: #1 4096, y: #2+64 4032, params: 8 bytes from ";
  CHECK(p.recorder.requests() ==
        Requests{"submit", "  wait for 3", "  copy 64 from #2+8 to #1",
                 "  " + axpy + "100) 4x1x1 threadgroups, 100x1x1 threads by 32x1x1",
                 "  beside that " + axpy + "64) 2x1x1 threadgroups, 64x1x1 threads by 32x1x1",
                 "  " + axpy + "64) threadgroups at #2+16 by 8x4x1", "  signal 4"});
  p.recorder.complete();
}

TEST_CASE("threadgroup memory is bound by its length and limited by the device's") {
  Program p;
  auto reverse = p.pipeline("reverse");
  auto values = p.buffer(256);
  p.recorder.requests();
  const auto run = [&](NS::UInteger length, MTL::Size threadgroup) {
    MTL::CommandBuffer* commands = p.queue->commandBuffer();
    MTL::ComputeCommandEncoder* encoder = commands->computeCommandEncoder();
    encoder->setComputePipelineState(reverse.get());
    encoder->setBuffer(values.get(), 0, 0);
    encoder->setThreadgroupMemoryLength(length, 1);
    encoder->dispatchThreadgroups({1, 1, 1}, threadgroup);
    encoder->endEncoding();
    commands->commit();
    p.recorder.complete();
    commands->waitUntilCompleted();
    return commands->error() ? text(commands->error()) : "";
  };
  CHECK(run(128, {64, 1, 1}).empty());
  CHECK(p.recorder.requests() ==
        Requests{"submit",
                 "  reverse(values: #1 256, scratch: 128 of threadgroup memory) "
                 "1x1x1 threadgroups, 64x1x1 threads by 64x1x1"});
  // 64 of its own and what is bound.
  CHECK(contains(run(1008, {64, 1, 1}), "would use 1072 bytes of threadgroup memory, 1024 are"));
  CHECK(contains(run(2048, {64, 1, 1}), "length 2048 exceeds 1024"));
  CHECK(contains(run(128, {512, 1, 1}), "threadsPerThreadgroup 512 x 1 x 1 exceeds"));
}

TEST_CASE("a command buffer goes through the device's queue and tells when it has") {
  Program p;
  auto target = p.buffer(64);
  std::atomic<int> scheduled = 0, completed = 0;
  MTL::CommandBuffer* commands = p.queue->commandBuffer();
  commands->addScheduledHandler([&](MTL::CommandBuffer*) { ++scheduled; });
  commands->addCompletedHandler([&](MTL::CommandBuffer* its) {
    CHECK(its->status() == MTL::CommandBufferStatusCompleted);
    its->waitUntilCompleted();  // no end to wait for from within
    ++completed;
  });
  commands->commit();
  CHECK(commands->status() == MTL::CommandBufferStatusCommitted);
  CHECK(scheduled == 0);
  p.recorder.complete({.start = 2.5, .end = 4, .failure = {}});
  commands->waitUntilCompleted();
  CHECK(scheduled == 1);
  CHECK(completed == 1);
  CHECK(commands->GPUStartTime() == 2.5);
  CHECK(commands->GPUEndTime() == 4);
}

TEST_CASE("a device's failure is the command buffer's error, under its label") {
  Program p;
  auto target = p.buffer(64);
  const std::pair<Failure::Kind, MTL::CommandBufferError> kinds[] = {
      {Failure::Kind::internal, MTL::CommandBufferErrorInternal},
      {Failure::Kind::timeout, MTL::CommandBufferErrorTimeout},
      {Failure::Kind::page_fault, MTL::CommandBufferErrorPageFault},
      {Failure::Kind::out_of_memory, MTL::CommandBufferErrorOutOfMemory},
      {Failure::Kind::invalid_resource, MTL::CommandBufferErrorInvalidResource},
      {Failure::Kind::stack_overflow, MTL::CommandBufferErrorStackOverflow}};
  for (const auto& [kind, code] : kinds) {
    MTL::CommandBuffer* commands = p.commit_fill(target.get(), 1);
    commands->setLabel(host::string("step"));
    p.recorder.complete({.failure = Failure{kind, "the reason"}});
    commands->waitUntilCompleted();
    CHECK(commands->status() == MTL::CommandBufferStatusError);
    CHECK(commands->error()->code() == static_cast<NS::Integer>(code));
    CHECK(text(commands->error()) == "command buffer 'step': the reason");
  }
}

TEST_CASE("after a mistake in encoding the device gets the signals alone") {
  Program p;
  auto target = p.buffer(64);
  auto event = NS::TransferPtr(p.device->newSharedEvent());
  MTL::CommandBuffer* commands = p.queue->commandBuffer();
  commands->encodeSignalEvent(event.get(), 1);
  MTL::BlitCommandEncoder* blit = commands->blitCommandEncoder();
  blit->fillBuffer(target.get(), NS::Range(0, 16), 1);
  blit->fillBuffer(target.get(), NS::Range(0, 65), 1);
  blit->endEncoding();
  p.recorder.requests();
  commands->commit();
  CHECK(p.recorder.requests() == Requests{"submit", "  signal 1"});
  p.recorder.complete();
  commands->waitUntilCompleted();
  CHECK(event->signaledValue() == 1);
  CHECK(contains(text(commands->error()), "is beyond its length 64"));
}

TEST_CASE("buffers reach the device in the order in which they were enqueued") {
  Program p;
  auto target = p.buffer(64);
  MTL::CommandBuffer* first = p.queue->commandBuffer();
  MTL::CommandBuffer* second = p.queue->commandBuffer();
  first->enqueue();
  second->enqueue();
  p.commit_fill(target.get(), 3);
  p.recorder.requests();
  CHECK(p.recorder.pending() == 0);
  first->commit();
  CHECK(p.recorder.requests() == Requests{"submit"});
  second->commit();
  CHECK(p.recorder.requests() == Requests{"submit", "submit", "  fill 16 at #1 with 3"});
  while (p.recorder.pending() > 0) p.recorder.complete();
}

TEST_CASE("a queue that can take nothing is the command buffer's error, and the next one goes on") {
  Program p;
  auto target = p.buffer(64);
  auto event = NS::TransferPtr(p.device->newSharedEvent());
  int handled = 0;
  p.recorder.refuses = true;
  MTL::CommandBuffer* commands = p.queue->commandBuffer();
  commands->encodeSignalEvent(event.get(), 5);
  commands->addCompletedHandler([&](MTL::CommandBuffer* its) {
    its->waitUntilCompleted();
    ++handled;
  });
  commands->commit();
  CHECK(handled == 1);  // on this thread
  CHECK(event->signaledValue() == 5);
  CHECK(commands->error()->code() == static_cast<NS::Integer>(MTL::CommandBufferErrorOutOfMemory));
  CHECK(text(commands->error()) == "command buffer: the recorder takes nothing");
  p.recorder.refuses = false;
  MTL::CommandBuffer* next = p.commit_fill(target.get(), 1);
  p.recorder.complete();
  next->waitUntilCompleted();
  CHECK(next->status() == MTL::CommandBufferStatusCompleted);
}

TEST_CASE("the last buffer of a queue takes the device's queue with it") {
  Program p;
  p.queue->commandBuffer()->commit();
  p.queue.reset();
  p.pool->release();
  p.pool = NS::AutoreleasePool::alloc()->init();
  CHECK(p.recorder.requests() == Requests{"submit"});
  p.recorder.complete();
  CHECK(p.recorder.requests() == Requests{"destroy queue"});
}
