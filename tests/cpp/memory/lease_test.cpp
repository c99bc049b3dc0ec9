#include "foundry/memory/lease.hpp"

#include <doctest/doctest.h>

#include "foundry/core/error.hpp"
#include "foundry/device/device.hpp"

using namespace foundry;

TEST_CASE("labels read as error messages need them") {
  Dimensions one, two;
  one.push_back(14336);
  two.push_back(2);
  two.push_back(3);
  CHECK(Label{"y", "f16", one}.to_string() == "y (14336,) f16");
  CHECK(Label{"", "q4_1", two}.to_string() == "tensor (2, 3) q4_1");
  CHECK(Label{"scalar", "f32", {}}.to_string() == "scalar () f32");
  CHECK(Label{"scratch", nullptr, one}.to_string() == "scratch 14.0 KiB");
}

TEST_CASE("a lease outside any arena keeps its buffer until the last holder lets go") {
  const Device device = Device::system_default();
  const std::uint64_t before = device.allocated_bytes();
  {
    KeepAlive array;
    {
      Lease lease = Lease::of(device.make_buffer(1 << 20, StorageMode::shared), 256, 1024);
      const Lease view = lease.as_view();
      array = view.held_by(Holder::array());
      CHECK(lease.offset() == 256);
      CHECK(lease.length() == 1024);
      CHECK_FALSE(lease.is_pooled());
      CHECK(lease.describe() == "memory 1.0 KiB");
    }
    CHECK(device.allocated_bytes() >= before + (1 << 20));
    CHECK(array.describe() == "memory 1.0 KiB by a numpy array");
  }
  CHECK(device.allocated_bytes() == before);
}

TEST_CASE("a command buffer claims a lease once, however often it is bound") {
  const Device device = Device::system_default();
  const Lease lease = Lease::of(device.make_buffer(64, StorageMode::shared), 0, 64);
  KeepAlive first = lease.held_by(Holder::command_buffer(5));
  CHECK(first);
  CHECK_FALSE(lease.held_by(Holder::command_buffer(5)));
  KeepAlive other = lease.held_by(Holder::command_buffer(6));
  CHECK(other);
  first.reset();
  other.reset();
  CHECK(lease.held_by(Holder::command_buffer(6)));
}

TEST_CASE("a lease cannot leave its buffer") {
  const Device device = Device::system_default();
  const Buffer buffer = device.make_buffer(64, StorageMode::shared, "small");
  CHECK_THROWS_WITH_AS(Lease::of(buffer, 60, 8),
                       "lease of bytes [60, 60 + 8) of buffer 'small' of 64 B, shared (64 bytes)",
                       ShapeError);
  CHECK_THROWS_AS(Lease::of(buffer, ~0ull, 8), ShapeError);
  CHECK_THROWS_AS(Lease::of(buffer, 0, 0), ShapeError);
}
