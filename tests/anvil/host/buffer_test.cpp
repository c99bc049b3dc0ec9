// Buffers, heaps and residency sets.
#include "host.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

using host::text;

TEST_CASE("the device states its limits") {
  host::Setup s;
  CHECK(text(s.device->name()).starts_with("Anvil CPU ("));
  CHECK(s.device->hasUnifiedMemory());
  CHECK(s.device->maxThreadsPerThreadgroup().width == 1024);
  CHECK(s.device->maxThreadgroupMemoryLength() == 32768);
  CHECK(s.device->maxBufferLength() >= 1u << 20);
  CHECK(s.device->recommendedMaxWorkingSetSize() >= s.device->maxBufferLength());
  CHECK(s.device->supportsFamily(MTL::GPUFamilyApple7));
  CHECK(s.device->supportsFamily(MTL::GPUFamilyMetal3));
  CHECK_FALSE(s.device->supportsFamily(MTL::GPUFamilyMetal4));
  CHECK(MTL::CopyAllDevices()->autorelease()->object(0) == s.device);
}

TEST_CASE("a shared buffer is zeroed, counted and given back") {
  host::Setup s;
  for (const size_t length : {1ul, 4096ul, 100'000ul, 8ul << 20}) {
    CAPTURE(length);
    const NS::UInteger before = s.device->currentAllocatedSize();
    MTL::Buffer* buffer = s.device->newBuffer(length, MTL::ResourceStorageModeShared);
    REQUIRE(buffer);
    CHECK(buffer->length() == length);
    CHECK(buffer->storageMode() == MTL::StorageModeShared);
    CHECK(s.device->currentAllocatedSize() == before + length);
    const auto bytes = host::values<unsigned char>(buffer);
    CHECK(std::count(bytes.begin(), bytes.end(), 0) == static_cast<long>(length));
    CHECK(buffer->gpuAddress() == reinterpret_cast<uint64_t>(buffer->contents()));
    buffer->release();
    CHECK(s.device->currentAllocatedSize() == before);
  }
}

TEST_CASE("small buffers are zeroed and apart, however many there are and were") {
  host::Setup s;
  const size_t length = 3000;
  for (int round = 0; round < 2; ++round) {
    std::vector<NS::SharedPtr<MTL::Buffer>> buffers;
    for (int i = 0; i < 10'000; ++i) {  // more than there are cells with guards
      buffers.push_back(
          NS::TransferPtr(s.device->newBuffer(length, MTL::ResourceStorageModeShared)));
      REQUIRE(buffers.back());
      REQUIRE(reinterpret_cast<uintptr_t>(buffers.back()->contents()) % 256 == 0);
      auto* const bytes = static_cast<unsigned char*>(buffers.back()->contents());
      REQUIRE(std::count(bytes, bytes + length, 0) == length);
      std::memset(bytes, 1 + i % 251, length);
    }
    for (int i = 0; i < 10'000; ++i) {
      auto* const bytes = static_cast<unsigned char*>(buffers[i]->contents());
      REQUIRE(std::count(bytes, bytes + length, 1 + i % 251) == length);
    }
  }
}

TEST_CASE("a private buffer has no contents") {
  host::Setup s;
  auto buffer = NS::TransferPtr(s.device->newBuffer(256, MTL::ResourceStorageModePrivate));
  CHECK(buffer->contents() == nullptr);
  CHECK(buffer->storageMode() == MTL::StorageModePrivate);
}

TEST_CASE("bytes are copied into a buffer made with bytes") {
  host::Setup s;
  std::vector<int> numbers{1, 2, 3};
  auto buffer = s.buffer(numbers);
  numbers[0] = 9;
  CHECK(host::values<int>(buffer.get()) == std::vector<int>{1, 2, 3});
}

TEST_CASE("a no-copy buffer is the caller's memory and calls the deallocator once") {
  host::Setup s;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* pages = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  __block int calls = 0;
  __block NS::UInteger freed = 0;
  const NS::UInteger before = s.device->currentAllocatedSize();
  MTL::Buffer* buffer = s.device->newBuffer(pages, 2 * page, MTL::ResourceStorageModeShared,
                                            ^(void* pointer, NS::UInteger length) {
                                              ++calls;
                                              freed = length;
                                              munmap(pointer, length);
                                            });
  REQUIRE(buffer);
  CHECK(buffer->contents() == pages);
  CHECK(s.device->currentAllocatedSize() == before);
  buffer->release();
  CHECK(calls == 1);
  CHECK(freed == 2 * page);
}

TEST_CASE("a no-copy buffer needs whole pages") {
  host::Setup s;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  alignas(4096) static char memory[8192];
  CHECK(s.device->newBuffer(memory + 1, page, MTL::ResourceStorageModeShared, nullptr) == nullptr);
  CHECK(s.device->newBuffer(memory, page + 1, MTL::ResourceStorageModeShared, nullptr) == nullptr);
  CHECK(s.device->newBuffer(memory, page, MTL::ResourceStorageModePrivate, nullptr) == nullptr);
}

TEST_CASE("lengths out of range give no buffer") {
  host::Setup s;
  CHECK(s.device->newBuffer(0, MTL::ResourceStorageModeShared) == nullptr);
  CHECK(s.device->newBuffer(s.device->maxBufferLength() + 1, MTL::ResourceStorageModeShared) ==
        nullptr);
  CHECK(s.device->newBuffer(64, MTL::ResourceOptions{3} << 4) == nullptr);
}

TEST_CASE("didModifyRange checks its range") {
  host::Setup s;
  auto buffer = NS::TransferPtr(s.device->newBuffer(64, MTL::ResourceStorageModeManaged));
  buffer->didModifyRange(NS::Range(0, 64));
  CHECK_THROWS_WITH_AS(buffer->didModifyRange(NS::Range(32, 33)),
                       doctest::Contains("range [32, +33) is beyond length 64"), std::logic_error);
}

TEST_CASE("labels and options come back") {
  host::Setup s;
  auto buffer = NS::TransferPtr(s.device->newBuffer(
      64, MTL::ResourceStorageModeShared | MTL::ResourceHazardTrackingModeUntracked |
              MTL::ResourceCPUCacheModeWriteCombined));
  buffer->setLabel(MTLSTR("weights"));
  CHECK(text(buffer->label()) == "weights");
  CHECK(buffer->hazardTrackingMode() == MTL::HazardTrackingModeUntracked);
  CHECK(buffer->cpuCacheMode() == MTL::CPUCacheModeWriteCombined);
  CHECK(buffer->device() == s.device);
}

TEST_CASE("a heap hands out ranges that do not overlap, and takes them back") {
  host::Setup s;
  auto descriptor = NS::TransferPtr(MTL::HeapDescriptor::alloc()->init());
  descriptor->setSize(4096);
  descriptor->setStorageMode(MTL::StorageModeShared);
  auto heap = NS::TransferPtr(s.device->newHeap(descriptor.get()));
  REQUIRE(heap);
  auto a = NS::TransferPtr(heap->newBuffer(1000, MTL::ResourceStorageModeShared));
  auto b = NS::TransferPtr(heap->newBuffer(1000, MTL::ResourceStorageModeShared));
  CHECK(b->heapOffset() == 1024);
  CHECK(b->heap() == heap.get());
  CHECK(heap->usedSize() == 2000);
  CHECK(heap->maxAvailableSize(256) == 2048);
  CHECK(heap->newBuffer(2049, MTL::ResourceStorageModeShared) == nullptr);
  a.reset();
  auto c = NS::TransferPtr(heap->newBuffer(900, MTL::ResourceStorageModeShared));
  CHECK(c->heapOffset() == 0);
  CHECK(heap->newBuffer(64, MTL::ResourceStorageModePrivate) == nullptr);
}

TEST_CASE("a placement heap puts buffers where it is told") {
  host::Setup s;
  auto descriptor = NS::TransferPtr(MTL::HeapDescriptor::alloc()->init());
  descriptor->setSize(4096);
  descriptor->setStorageMode(MTL::StorageModeShared);
  descriptor->setType(MTL::HeapTypePlacement);
  auto heap = NS::TransferPtr(s.device->newHeap(descriptor.get()));
  auto a = NS::TransferPtr(heap->newBuffer(512, MTL::ResourceStorageModeShared, 256));
  auto b = NS::TransferPtr(heap->newBuffer(512, MTL::ResourceStorageModeShared, 512));
  std::memset(a->contents(), 7, 512);
  CHECK(host::values<char>(b.get())[0] == 7);  // the ranges overlap, as asked for
  CHECK(heap->newBuffer(512, MTL::ResourceStorageModeShared, 100) == nullptr);
  CHECK(heap->newBuffer(512, MTL::ResourceStorageModeShared, 3840) == nullptr);
}

TEST_CASE("a residency set holds allocations once") {
  host::Setup s;
  auto descriptor = NS::TransferPtr(MTL::ResidencySetDescriptor::alloc()->init());
  auto set = NS::TransferPtr(s.device->newResidencySet(descriptor.get(), nullptr));
  auto buffer = NS::TransferPtr(s.device->newBuffer(64, MTL::ResourceStorageModeShared));
  set->addAllocation(buffer.get());
  set->addAllocation(buffer.get());
  set->commit();
  set->requestResidency();
  CHECK(set->allocationCount() == 1);
  CHECK(set->allocatedSize() == 64);
  CHECK(set->containsAllocation(buffer.get()));
  s.queue->addResidencySet(set.get());
  set->removeAllAllocations();
  CHECK(buffer->retainCount() == 1);
}
