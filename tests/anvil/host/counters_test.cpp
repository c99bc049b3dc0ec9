// Counter sample buffers: times that encoders note.
#include <chrono>
#include <cstring>
#include <thread>

#include "host.hpp"

using host::contains;
using host::text;

namespace {

uint64_t now() {
  return static_cast<uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

struct Counters : host::Setup {
  NS::Error* error = nullptr;
  NS::SharedPtr<MTL::CounterSampleBuffer> samples = make(6);

  NS::SharedPtr<MTL::CounterSampleBuffer> make(NS::UInteger count) {
    auto descriptor = NS::TransferPtr(MTL::CounterSampleBufferDescriptor::alloc()->init());
    descriptor->setCounterSet(device->counterSets()->object<MTL::CounterSet>(0));
    descriptor->setSampleCount(count);
    descriptor->setLabel(MTLSTR("times"));
    descriptor->setStorageMode(MTL::StorageModeShared);
    return NS::TransferPtr(device->newCounterSampleBuffer(descriptor.get(), &error));
  }
  std::vector<uint64_t> times(NS::Range range) {
    NS::Data* data = samples->resolveCounterRange(range);
    std::vector<uint64_t> times(data->length() / sizeof(uint64_t));
    std::memcpy(times.data(), data->mutableBytes(), data->length());
    return times;
  }
};

}  // namespace

TEST_CASE("the device has one counter set, of times, and samples between commands") {
  Counters c;
  REQUIRE(c.device->counterSets()->count() == 1);
  auto* set = c.device->counterSets()->object<MTL::CounterSet>(0);
  CHECK(set->name()->isEqualToString(MTL::CommonCounterSetTimestamp));
  REQUIRE(set->counters()->count() == 1);
  CHECK(set->counters()->object<MTL::Counter>(0)->name()->isEqualToString(
      MTL::CommonCounterTimestamp));
  CHECK(c.device->supportsCounterSampling(MTL::CounterSamplingPointAtDispatchBoundary));
  CHECK_FALSE(c.device->supportsCounterSampling(MTL::CounterSamplingPointAtDrawBoundary));
}

TEST_CASE("passes and encoders note times, which resolve for the host and into a buffer") {
  Counters c;
  REQUIRE_MESSAGE(c.samples, text(c.error));
  CHECK(c.samples->sampleCount() == 6);
  CHECK(c.times(NS::Range(0, 6)) == std::vector<uint64_t>(6, MTL::CounterErrorValue));
  auto buffer = NS::TransferPtr(c.device->newBuffer(64, MTL::ResourceStorageModeShared));
  auto* pass = MTL::ComputePassDescriptor::computePassDescriptor();
  pass->sampleBufferAttachments()->object(0)->setSampleBuffer(c.samples.get());
  pass->sampleBufferAttachments()->object(0)->setStartOfEncoderSampleIndex(1);
  pass->sampleBufferAttachments()->object(0)->setEndOfEncoderSampleIndex(3);
  auto* blit_pass = MTL::BlitPassDescriptor::blitPassDescriptor();
  blit_pass->sampleBufferAttachments()->object(1)->setSampleBuffer(c.samples.get());
  blit_pass->sampleBufferAttachments()->object(1)->setStartOfEncoderSampleIndex(4);
  CHECK(blit_pass->sampleBufferAttachments()->object(0)->endOfEncoderSampleIndex() ==
        MTL::CounterDontSample);
  const uint64_t begin = now();
  auto* commands = c.queue->commandBuffer();
  auto* compute = commands->computeCommandEncoder(pass);
  compute->sampleCountersInBuffer(c.samples.get(), 2, true);
  compute->endEncoding();
  auto* blit = commands->blitCommandEncoder(blit_pass);
  blit->fillBuffer(buffer.get(), NS::Range(0, 64), 7);
  blit->sampleCountersInBuffer(c.samples.get(), 5, false);
  blit->resolveCounters(c.samples.get(), NS::Range(1, 5), buffer.get(), 8);
  blit->endEncoding();
  commands->commit();
  commands->waitUntilCompleted();
  CHECK(text(commands->error()) == "(no error)");
  const uint64_t end = now();
  const auto times = c.times(NS::Range(0, 6));
  CHECK(times[0] == MTL::CounterErrorValue);
  CHECK(begin <= times[1]);
  for (size_t i = 2; i < 6; ++i) CHECK(times[i - 1] <= times[i]);
  CHECK(times[5] <= end);
  const auto words = host::values<uint64_t>(buffer.get());
  for (size_t i = 1; i < 6; ++i) CHECK(words[i] == times[i]);
  CHECK(words[0] == 0x0707070707070707);
  CHECK(words[6] == 0x0707070707070707);
}

TEST_CASE("samples that are not there are errors in words") {
  Counters c;
  CHECK_FALSE(c.make(0));
  CHECK(text(c.error->domain()) == "MTLCounterErrorDomain");
  CHECK_MESSAGE(contains(text(c.error), "sampleCount is 0; it may be 1 to 1048576"), text(c.error));
  CHECK_THROWS_WITH(
      c.samples->resolveCounterRange(NS::Range(5, 2)),
      "-[MTLCounterSampleBuffer resolveCounterRange:]: samples [5, +2) are beyond the "
      "6 of the counter sample buffer 'times'");
  auto* commands = c.queue->commandBuffer();
  auto* encoder = commands->computeCommandEncoder();
  encoder->sampleCountersInBuffer(c.samples.get(), 6, true);
  encoder->endEncoding();
  commands->commit();
  commands->waitUntilCompleted();
  CHECK_MESSAGE(contains(text(commands->error()), "samples [6, +1) are beyond the 6"),
                text(commands->error()));
}
