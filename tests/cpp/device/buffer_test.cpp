#include <doctest/doctest.h>

#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/device/device.hpp"

using namespace foundry;

TEST_CASE("devices are listed, found by name and by type, and compare") {
  const Device device = Device::system_default();
  CHECK(Device::all().front() == device);
  CHECK(Device::find(device.name()) == device);
  CHECK_FALSE(device.name().empty());
  CHECK(device.limits().max_threads_per_threadgroup.x >= 256);
  CHECK(device.limits().max_threadgroup_memory >= 16384);
  CHECK(to_string(device).find("device '" + device.name() + "'") == 0);
  CHECK_THROWS_WITH_AS(Device::find("abacus:0"),
                       ("no device 'abacus:0'; there are '" + device.name() + "'").c_str(),
                       DeviceError);
  CHECK_THROWS_AS(Device::find("cpu:x"), DeviceError);
}

TEST_CASE("shared buffers are host memory; private ones are not") {
  const Device device = Device::system_default();
  const Buffer shared = device.make_buffer(1000, StorageMode::shared, "weights");
  CHECK(shared.length() == 1000);
  shared.host().mutable_bytes(999, 1)[0] = std::byte{42};
  CHECK(shared.host().bytes(999, 1)[0] == std::byte{42});
  CHECK(shared.hazard_address() == shared.host().address());
  CHECK(shared.describe() == "buffer 'weights' of 1000 B, shared");
  const Buffer hidden = device.make_buffer(4096, StorageMode::private_, "kv");
  CHECK_THROWS_WITH_AS(hidden.host(),
                       "buffer 'kv' of 4.0 KiB, private: its storage is private to the GPU",
                       StorageError);
  CHECK((hidden.hazard_address() >> 63) == 1);
  CHECK_THROWS_WITH_AS(Buffer().host(), "this buffer is empty", StorageError);
  CHECK(Buffer().describe() == "empty buffer");
}

TEST_CASE("buffers go when their last handle does") {
  const Device device = Device::system_default();
  const std::uint64_t before = device.allocated_bytes();
  {
    const Buffer buffer = device.make_buffer(1 << 20, StorageMode::shared);
    const Buffer same = buffer;
    CHECK(same == buffer);
    CHECK(device.allocated_bytes() >= before + (1 << 20));
  }
  CHECK(device.allocated_bytes() == before);
}

TEST_CASE("a buffer that cannot be is refused with the figures") {
  const Device device = Device::system_default();
  CHECK_THROWS_WITH_AS(device.make_buffer(0, StorageMode::shared),
                       "a buffer of 0 bytes cannot be made", ArgumentError);
  CHECK_THROWS_WITH_AS(device.make_buffer(16, StorageMode::borrowed),
                       "a borrowed buffer needs host memory: use borrow()", ArgumentError);
  CHECK_THROWS_WITH_AS(device.make_buffer(1ull << 60, StorageMode::shared, "x"),
                       ("buffer 'x': 1.0 EiB asked, a buffer of '" + device.name() +
                        "' has at most " + format_bytes(device.limits().max_buffer_length))
                           .c_str(),
                       OutOfMemoryError);
}

TEST_CASE("borrowed memory is bound in place, and two borrowers meet on the hazard line") {
  const Device device = Device::system_default();
  std::vector<std::byte> bytes(10000);
  const auto memory = unsafe::HostMemory::writable(std::span(bytes).subspan(100, 5000));
  const Buffer first = device.borrow(memory, {}, "array");
  const Buffer second = device.borrow(memory, {});
  const std::uint64_t offset = Device::borrow_offset(memory);
  first.host().mutable_bytes(offset, 1)[0] = std::byte{9};
  CHECK(bytes[100] == std::byte{9});
  CHECK(first.mode() == StorageMode::borrowed);
  CHECK(first.hazard_address() == second.hazard_address());
  CHECK(first.hazard_address() + offset == memory.address());
  CHECK_FALSE(first.is_read_only());
  CHECK_THROWS_AS(device.borrow({}, {}), ArgumentError);
}
