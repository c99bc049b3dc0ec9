#include "foundry/unsafe/host_memory.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>

#include "foundry/core/error.hpp"

using namespace foundry;
using unsafe::HostMemory;

TEST_CASE("host memory is opened within its bounds only") {
  std::array<std::byte, 16> bytes{};
  const HostMemory memory = HostMemory::writable(bytes);
  CHECK(memory.bytes(16, 0).empty());
  CHECK(memory.mutable_bytes(4, 12).data() == &bytes[4]);
  CHECK_THROWS_WITH_AS(memory.bytes(4, 13), "bytes [4, 4 + 13) leave the range of 16 bytes",
                       ShapeError);
  CHECK_THROWS_AS(memory.bytes(std::numeric_limits<std::size_t>::max(), 2), ShapeError);
  CHECK_THROWS_AS(memory.bytes(2, std::numeric_limits<std::size_t>::max()), ShapeError);
}

TEST_CASE("read-only memory cannot be opened to write") {
  const std::array<std::byte, 4> bytes{};
  const HostMemory memory = HostMemory::read_only(bytes);
  CHECK(memory.bytes(0, 4).size() == 4);
  CHECK_THROWS_WITH_AS(memory.mutable_bytes(0, 4), "this memory is read-only for the host",
                       StorageError);
}

TEST_CASE("typed views are aligned and whole") {
  alignas(8) std::array<std::byte, 16> bytes{};
  CHECK(unsafe::view_as<double>(bytes).size() == 2);
  CHECK_THROWS_WITH_AS(unsafe::view_as<double>(std::span(bytes).first(12)),
                       "12 bytes are no whole number of elements of 8 bytes", ShapeError);
  CHECK_THROWS_WITH_AS(unsafe::view_as<double>(std::span(bytes).subspan(4, 8)),
                       "an address that is 4 modulo 8 is not aligned for elements of 8 bytes",
                       ShapeError);
}

TEST_CASE("the enclosing pages hold the range and nothing less than pages") {
  alignas(4096) static std::array<std::byte, 3 * 4096> bytes{};
  const HostMemory inner = HostMemory::writable(std::span(bytes).subspan(4000, 200));
  const HostMemory pages = inner.enclosing_pages(4096);
  CHECK(pages.address() == HostMemory::writable(bytes).address());
  CHECK(pages.length() == 2 * 4096);
}
