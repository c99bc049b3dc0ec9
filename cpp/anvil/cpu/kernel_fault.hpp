// kernel_fault.hpp: the error of a kernel that was ended by what it did, or because its time was
// over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "anvil/cpu/trap.hpp"

namespace anvil::cpu {

struct KernelFault : std::runtime_error {
  enum class Kind : uint8_t { memory, lost_memory, stack_overflow, invalid_code, interrupted };

  KernelFault(Kind kind, const std::string& text) : runtime_error(text), kind(kind) {}

  const Kind kind;
  Trap::Access access = Trap::Access::unknown;
  bool has_address = false;  ///< and the text does not say in what memory that lies
  uintptr_t address = 0;
  size_t dispatch = 0;        ///< of those that were run together, the one it belongs to
  uint64_t threadgroups = 0;  ///< of all of them,
  uint64_t finished = 0;      ///< and how many came to their end
};

/// Throws the fault that `trap` is. `who` begins its text; `where` ends it, if it is known in what
/// memory the address lies.
[[noreturn]] void throw_fault(const Trap& trap, const std::string& who,
                              const std::string& where = "");

}  // namespace anvil::cpu
