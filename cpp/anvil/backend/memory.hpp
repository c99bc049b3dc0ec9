// memory.hpp: what kernels reach, and how they and the host name it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace anvil::backend {

/// A byte as kernels name it: what MTLBuffer.gpuAddress tells and argument buffers hold. All memory
/// of a device has addresses of its own; 0 is none.
using Address = uint64_t;

enum class Storage : uint8_t {
  shared,       ///< seen by host and kernels alike, without copies (Metal's shared and managed)
  device_only,  ///< the host need not see it (Metal's private)
};

/// One allocation; buffers, and those of a heap, are ranges of it.
struct Memory {
  Memory(Address address, std::byte* host, size_t size)
      : address(address), host(host), size(size) {}
  virtual ~Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  const Address address;  ///< of its first byte
  std::byte* const host;  ///< where the host sees that byte; null: nowhere
  const size_t size;
};

}  // namespace anvil::backend
