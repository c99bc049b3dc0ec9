// memory.hpp: the memory an interpreted kernel may touch; every access is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace anvil::oracle {

/// The kernel did what it must not, or the interpreter does not know an instruction.
struct Fault : std::runtime_error {
  using runtime_error::runtime_error;
};

/// What memory holds that nobody has written: a value that no test expects.
constexpr uint8_t kUnwritten = 0xA5;

class Memory {
 public:
  /// Lets the kernel use memory that is the caller's.
  void lend(void* start, uint64_t bytes, std::string name);
  /// Makes memory, kept until this object goes.
  void* make(uint64_t bytes, uint64_t alignment, std::string name);

  /// The bytes at an address of the kernel's. Throws Fault when they are not all within one object.
  std::byte* at(uint64_t address, uint64_t bytes, const char* access) const;

 private:
  struct Object {
    uint64_t bytes;
    std::string name;
  };
  std::map<uint64_t, Object> objects_;
  std::vector<std::unique_ptr<std::byte[]>> made_;
};

}  // namespace anvil::oracle
