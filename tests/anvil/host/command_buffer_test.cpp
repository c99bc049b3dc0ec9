// Queues, command buffers, blits and events.
#include "host.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <thread>

using host::contains;
using host::text;
using namespace std::chrono_literals;

TEST_CASE("blits copy and fill in order, also within one buffer") {
  host::Setup s;
  std::vector<uint8_t> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  auto from = s.buffer(numbers);
  auto to = NS::TransferPtr(s.device->newBuffer(1000, MTL::ResourceStorageModePrivate));
  auto back = NS::TransferPtr(s.device->newBuffer(1000, MTL::ResourceStorageModeShared));
  auto* buffer = s.queue->commandBuffer();
  auto* blit = buffer->blitCommandEncoder();
  blit->copyFromBuffer(from.get(), 0, to.get(), 0, 1000);
  blit->fillBuffer(to.get(), NS::Range(10, 20), 0xee);
  blit->endEncoding();
  blit = buffer->blitCommandEncoder();
  blit->copyFromBuffer(to.get(), 0, back.get(), 0, 1000);
  blit->copyFromBuffer(back.get(), 0, back.get(), 500, 100);
  blit->endEncoding();
  CHECK(buffer->status() == MTL::CommandBufferStatusNotEnqueued);
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(buffer->status() == MTL::CommandBufferStatusCompleted);
  CHECK(buffer->error() == nullptr);
  CHECK(buffer->GPUEndTime() >= buffer->GPUStartTime());
  CHECK(buffer->GPUStartTime() > 0);
  auto expected = numbers;
  std::fill(expected.begin() + 10, expected.begin() + 30, 0xee);
  std::copy(expected.begin(), expected.begin() + 100, expected.begin() + 500);
  CHECK(host::values<uint8_t>(back.get()) == expected);
}

TEST_CASE("a command buffer keeps what it uses until it is done, then lets go") {
  host::Setup s;
  auto event = NS::TransferPtr(s.device->newSharedEvent());
  MTL::Buffer* target = s.device->newBuffer(64, MTL::ResourceStorageModeShared);
  auto* buffer = s.queue->commandBuffer();
  buffer->encodeWait(event.get(), 1);
  auto* blit = buffer->blitCommandEncoder();
  blit->fillBuffer(target, NS::Range(0, 64), 1);
  blit->fillBuffer(target, NS::Range(0, 32), 2);
  blit->endEncoding();
  CHECK(target->retainCount() == 2);  // once, however often it is used
  buffer->commit();
  target->retain();
  CHECK(target->retainCount() == 3);
  event->setSignaledValue(1);
  buffer->waitUntilCompleted();
  CHECK(target->retainCount() == 2);
  target->release();
  target->release();
}

TEST_CASE("unretained references are not retained") {
  host::Setup s;
  auto target = NS::TransferPtr(s.device->newBuffer(64, MTL::ResourceStorageModeShared));
  auto* buffer = s.queue->commandBufferWithUnretainedReferences();
  CHECK_FALSE(buffer->retainedReferences());
  auto* blit = buffer->blitCommandEncoder();
  blit->fillBuffer(target.get(), NS::Range(0, 64), 1);
  blit->endEncoding();
  CHECK(target->retainCount() == 1);
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(host::values<char>(target.get())[63] == 1);
}

TEST_CASE("handlers run in order, before waitUntilCompleted returns, blocks and functions alike") {
  host::Setup s;
  auto* buffer = s.queue->commandBuffer();
  std::string order;
  std::string* const log = &order;
  buffer->addScheduledHandler(^(MTL::CommandBuffer*) {
    *log += "scheduled ";
  });
  buffer->addCompletedHandler(^(MTL::CommandBuffer* b) {
    b->waitUntilCompleted();  // returns at once inside a handler
    *log += b->status() == MTL::CommandBufferStatusCompleted ? "completed " : "early ";
  });
  std::string seen;
  buffer->addCompletedHandler([&](MTL::CommandBuffer*) { seen = order + "function"; });
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(seen == "scheduled completed function");
}

TEST_CASE("a handler that throws is reported and harms nobody") {
  host::Setup s;
  auto* buffer = s.queue->commandBuffer();
  buffer->addCompletedHandler(^(MTL::CommandBuffer*) {
    throw std::runtime_error("on purpose");
  });
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(buffer->status() == MTL::CommandBufferStatusCompleted);
}

TEST_CASE("command buffers run in the order of enqueue, else of commit") {
  host::Setup s;
  std::string order;
  std::string* const log = &order;
  const auto make = [&](const char* name) {
    auto* buffer = s.queue->commandBuffer();
    buffer->addCompletedHandler(^(MTL::CommandBuffer*) {
      *log += name;
    });
    return buffer;
  };
  auto *a = make("a"), *b = make("b"), *c = make("c");
  a->enqueue();
  CHECK(a->status() == MTL::CommandBufferStatusEnqueued);
  c->commit();
  b->commit();
  a->commit();
  b->waitUntilCompleted();
  CHECK(order == "acb");
  CHECK_THROWS_WITH_AS(a->enqueue(), doctest::Contains("already enqueued"), std::logic_error);
}

TEST_CASE("an enqueued command buffer that is dropped does not block the queue") {
  host::Setup s;
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  s.queue->commandBuffer()->enqueue();
  auto* next = s.queue->commandBuffer()->retain();
  next->commit();
  pool->release();
  next->waitUntilCompleted();
  CHECK(next->status() == MTL::CommandBufferStatusCompleted);
  next->release();
}

TEST_CASE("events order queues among each other and with the host") {
  host::Setup s;
  auto second_queue = NS::TransferPtr(s.device->newCommandQueue());
  auto event = NS::TransferPtr(s.device->newSharedEvent());
  auto data = NS::TransferPtr(s.device->newBuffer(16, MTL::ResourceStorageModeShared));

  auto* consumer = second_queue->commandBuffer();
  consumer->encodeWait(event.get(), 2);
  auto* blit = consumer->blitCommandEncoder();
  blit->copyFromBuffer(data.get(), 0, data.get(), 8, 8);
  blit->endEncoding();
  consumer->encodeSignalEvent(event.get(), 3);
  consumer->commit();

  auto* producer = s.queue->commandBuffer();
  producer->encodeWait(event.get(), 1);
  blit = producer->blitCommandEncoder();
  blit->fillBuffer(data.get(), NS::Range(0, 8), 5);
  blit->endEncoding();
  producer->encodeSignalEvent(event.get(), 2);
  producer->commit();

  CHECK_FALSE(event->waitUntilSignaledValue(2, 20));
  event->setSignaledValue(1);
  CHECK(event->waitUntilSignaledValue(3, UINT64_MAX));
  CHECK(event->signaledValue() == 3);
  CHECK(host::values<uint8_t>(data.get()) == std::vector<uint8_t>(16, 5));
}

TEST_CASE("listeners are told of values, past ones too") {
  host::Setup s;
  auto event = NS::TransferPtr(s.device->newSharedEvent());
  std::atomic<uint64_t> late = 0, early = 0;
  auto* listener = MTL::SharedEventListener::sharedListener();
  event->notifyListener(listener, 5, [&](MTL::SharedEvent*, uint64_t value) { late = value; });
  event->setSignaledValue(4);
  event->notifyListener(listener, 3, [&](MTL::SharedEvent*, uint64_t value) { early = value; });
  event->setSignaledValue(6);
  for (int i = 0; i < 1000 && (!late || !early); ++i) std::this_thread::sleep_for(1ms);
  CHECK(early == 4);
  CHECK(late == 6);
  auto handle = NS::TransferPtr(event->newSharedEventHandle());
  auto same = NS::TransferPtr(s.device->newSharedEvent(handle.get()));
  CHECK(same.get() == event.get());
}

TEST_CASE("a queue takes only so many command buffers at a time") {
  host::Setup s;
  auto queue = NS::TransferPtr(s.device->newCommandQueue(2));
  auto event = NS::TransferPtr(s.device->newSharedEvent());
  std::atomic<int> committed = 0;
  std::thread thread([&] {
    NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
    for (int i = 0; i < 3; ++i) {
      auto* buffer = queue->commandBuffer();
      buffer->encodeWait(event.get(), 1);
      buffer->commit();
      ++committed;
    }
    pool->release();
  });
  while (committed < 2) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(20ms);
  CHECK(committed == 2);
  event->setSignaledValue(1);
  thread.join();
  CHECK(committed == 3);
}

TEST_CASE("many threads commit to one queue") {
  host::Setup s;
  auto counter = NS::TransferPtr(s.device->newBuffer(4 * 64, MTL::ResourceStorageModeShared));
  std::atomic<int> completed = 0;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
      MTL::CommandBuffer* last = nullptr;
      for (unsigned i = 0; i < 50; ++i) {
        last = s.queue->commandBuffer();
        auto* blit = last->blitCommandEncoder();
        blit->fillBuffer(counter.get(), NS::Range(64 * t, 64), static_cast<uint8_t>(i));
        blit->endEncoding();
        last->addCompletedHandler([&](MTL::CommandBuffer*) { ++completed; });
        last->commit();
      }
      last->waitUntilCompleted();
      pool->release();
    });
  for (auto& thread : threads) thread.join();
  CHECK(completed == 200);
  CHECK(host::values<uint8_t>(counter.get()) == std::vector<uint8_t>(256, 49));
  CHECK(counter->retainCount() == 1);
}

TEST_CASE("the last reference to a queue may go on its own thread") {
  host::Setup s;
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  auto event = NS::TransferPtr(s.device->newSharedEvent());
  auto done = NS::TransferPtr(s.device->newSharedEvent());
  MTL::CommandQueue* queue = s.device->newCommandQueue();
  auto* buffer = queue->commandBuffer();
  buffer->encodeWait(event.get(), 1);
  buffer->encodeSignalEvent(done.get(), 1);
  buffer->commit();
  queue->release();
  pool->release();
  event->setSignaledValue(1);
  CHECK(done->waitUntilSignaledValue(1, 10'000));
}

TEST_CASE("what is encoded wrongly makes the command buffer fail and say why") {
  host::Setup s;
  auto target = NS::TransferPtr(s.device->newBuffer(64, MTL::ResourceStorageModeShared));
  target->setLabel(MTLSTR("target"));
  auto* buffer = s.queue->commandBuffer();
  buffer->setLabel(MTLSTR("step"));
  auto* blit = buffer->blitCommandEncoder();
  blit->setLabel(MTLSTR("copies"));
  const char* expected = nullptr;
  SUBCASE("a range beyond the end") {
    blit->fillBuffer(target.get(), NS::Range(32, 33), 1);
    expected =
        "command buffer 'step': encoder 'copies': -[MTLBlitCommandEncoder "
        "fillBuffer:range:value:]: "
        "buffer 'target': range [32, +33) is beyond its length 64";
  }
  SUBCASE("a range that overflows") {
    blit->copyFromBuffer(target.get(), ~0ul, target.get(), 0, 2);
    expected = "source 'target': range [18446744073709551615, +2) is beyond its length 64";
  }
  SUBCASE("nil") {
    blit->copyFromBuffer(nullptr, 0, target.get(), 0, 2);
    expected = "source is nil";
  }
  SUBCASE("the first mistake counts") {
    blit->synchronizeResource(target.get());
    blit->fillBuffer(nullptr, NS::Range(0, 1), 1);
    expected =
        "-[MTLBlitCommandEncoder synchronizeResource:]: resource 'target' is not of managed "
        "storage mode";
  }
  SUBCASE("a debug group left open") {
    blit->pushDebugGroup(MTLSTR("group"));
    expected = "-[MTLBlitCommandEncoder endEncoding]: 1 debug groups are still open";
  }
  SUBCASE("a debug group closed twice") {
    blit->popDebugGroup();
    expected = "-[MTLBlitCommandEncoder popDebugGroup]: no group is open";
  }
  SUBCASE("two encoders at once") {
    buffer->blitCommandEncoder()->endEncoding();
    expected = "-[MTLCommandBuffer blitCommandEncoder]: an encoder is still open";
  }
  blit->fillBuffer(target.get(), NS::Range(0, 64), 9);
  blit->endEncoding();
  SUBCASE("encoding after the end") {
    blit->fillBuffer(target.get(), NS::Range(0, 1), 1);
    expected = "-[MTLBlitCommandEncoder fillBuffer:range:value:]: encoding after endEncoding";
  }
  SUBCASE("ending twice") {
    blit->endEncoding();
    expected = "-[MTLBlitCommandEncoder endEncoding]: encoding after endEncoding";
  }
  SUBCASE("an encoder left open at commit") {
    buffer->blitCommandEncoder();
    expected = "-[MTLCommandBuffer commit]: an encoder is still open";
  }
  SUBCASE("a nil event") {
    buffer->encodeSignalEvent(nullptr, 1);
    expected = "-[MTLCommandBuffer encodeSignalEvent:value:]: nil event";
  }
  CHECK(buffer->error() == nullptr);
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(buffer->status() == MTL::CommandBufferStatusError);
  REQUIRE(buffer->error());
  CHECK(text(buffer->error()->domain()) == "MTLCommandBufferErrorDomain");
  CHECK_MESSAGE(contains(text(buffer->error()), expected), text(buffer->error()));
  CHECK(host::values<uint8_t>(target.get()) == std::vector<uint8_t>(64, 0));  // nothing of it ran

  auto* next = s.queue->commandBuffer();
  next->commit();
  next->waitUntilCompleted();
  CHECK(next->status() == MTL::CommandBufferStatusCompleted);
}

TEST_CASE("a failed command buffer still signals its events") {
  host::Setup s;
  auto event = NS::TransferPtr(s.device->newSharedEvent());
  auto* buffer = s.queue->commandBuffer();
  buffer->encodeSignalEvent(event.get(), 1);
  auto* blit = buffer->blitCommandEncoder();
  blit->fillBuffer(nullptr, NS::Range(0, 1), 1);
  blit->endEncoding();
  buffer->commit();
  CHECK(event->waitUntilSignaledValue(1, 10'000));
}

TEST_CASE("calls out of order, which nothing could carry, throw") {
  host::Setup s;
  auto* buffer = s.queue->commandBuffer();
  CHECK_THROWS_WITH_AS(buffer->waitUntilCompleted(), doctest::Contains("is not committed"),
                       std::logic_error);
  auto* blit = buffer->blitCommandEncoder();
  blit->endEncoding();
  buffer->commit();
  CHECK_THROWS_WITH_AS(
      buffer->commit(),
      doctest::Contains("-[MTLCommandBuffer commit]: command buffer is already committed"),
      std::logic_error);
  CHECK_THROWS_WITH_AS(blit->endEncoding(),
                       doctest::Contains("encoding after the command buffer was committed"),
                       std::logic_error);
  CHECK_THROWS_WITH_AS(buffer->blitCommandEncoder(), doctest::Contains("already committed"),
                       std::logic_error);
  CHECK_THROWS_WITH_AS(buffer->addCompletedHandler(^(MTL::CommandBuffer*){
                       }),
                       doctest::Contains("already committed"), std::logic_error);
  buffer->waitUntilCompleted();
  CHECK(buffer->status() == MTL::CommandBufferStatusCompleted);
}

TEST_CASE("a forked child is told that its queue stayed behind, and leaves in peace") {
  host::Setup s;
  auto* before = s.queue->commandBuffer();
  before->commit();
  before->waitUntilCompleted();
  auto* buffer = s.queue->commandBuffer();
  const pid_t child = fork();
  if (child == 0) {
    bool told = false;
    try {
      buffer->commit();
    } catch (const std::logic_error& error) {
      told = contains(error.what(), "this process was forked after it had made the command queue");
    }
    _exit(told ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  buffer->commit();
  buffer->waitUntilCompleted();
  CHECK(buffer->status() == MTL::CommandBufferStatusCompleted);
}
