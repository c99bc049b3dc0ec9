#include "memory.hpp"

#include <cstring>

namespace anvil::oracle {

void Memory::lend(void* start, uint64_t bytes, std::string name) {
  if (bytes > 0) objects_[reinterpret_cast<uint64_t>(start)] = {bytes, std::move(name)};
}

void* Memory::make(uint64_t bytes, uint64_t alignment, std::string name) {
  auto& block = made_.emplace_back(std::make_unique<std::byte[]>(bytes + alignment));
  const auto address = reinterpret_cast<uint64_t>(block.get());
  std::byte* start = block.get() + (alignment - address % alignment) % alignment;
  std::memset(start, kUnwritten, bytes);
  lend(start, bytes, std::move(name));
  return start;
}

std::byte* Memory::at(uint64_t address, uint64_t bytes, const char* access) const {
  auto above = objects_.upper_bound(address);
  std::string nearest = "any object";
  if (above != objects_.begin()) {
    const auto& [start, object] = *--above;
    if (address - start <= object.bytes && bytes <= object.bytes - (address - start))
      return reinterpret_cast<std::byte*>(address);
    nearest = "'" + object.name + "' of " + std::to_string(object.bytes) + " bytes, at offset " +
              std::to_string(address - start);
  }
  throw Fault(std::string(access) + " of " + std::to_string(bytes) + " bytes outside " + nearest);
}

}  // namespace anvil::oracle
