// Any bytes as a kernel's shared object: refused, or all that would be put in memory lies within
// the file and the memory, apart from each other.
#include <stdexcept>

#include "anvil/abi/kernel_file.hpp"
#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const uint16_t machine : {anvil::kMachineX86, anvil::kMachineArm64}) {
    try {
      const auto file = anvil::read_kernel_file(std::as_bytes(std::span(data, size)), machine);
      uint64_t end = 0;
      for (const auto& segment : file.segments) {
        require(segment.offset <= size && segment.file_size <= size - segment.offset,
                "a segment lies within the file");
        require(segment.address >= end && segment.file_size <= segment.memory_size,
                "segments do not overlap");
        end = segment.address + segment.memory_size;
        require(end <= file.memory_size, "a segment lies within the memory");
        require(!(segment.writable && segment.executable), "nothing is written and run");
      }
      for (const auto& relocation : file.relocations)
        require(relocation.address + 8 <= file.memory_size, "a relocation lies within the memory");
      for (const auto& place : file.exports)
        require(place.address + place.size <= file.memory_size, "a symbol lies within the memory");
    } catch (const std::runtime_error&) {
    }
  }
  return 0;
}
