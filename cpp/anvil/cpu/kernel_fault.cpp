#include "anvil/cpu/kernel_fault.hpp"

#include <cstdio>

namespace anvil::cpu {
namespace {

KernelFault::Kind kind_of(const Trap& trap) {
  switch (trap.kind) {
    case Trap::Kind::memory:
      return KernelFault::Kind::memory;
    case Trap::Kind::lost_memory:
      return KernelFault::Kind::lost_memory;
    case Trap::Kind::stack:
      return KernelFault::Kind::stack_overflow;
    case Trap::Kind::interrupted:
      return KernelFault::Kind::interrupted;
    case Trap::Kind::none:
    case Trap::Kind::arithmetic:
    case Trap::Kind::instruction:
      break;
  }
  return KernelFault::Kind::invalid_code;
}

std::string describe(const Trap& trap) {
  switch (trap.kind) {
    case Trap::Kind::arithmetic:
      return "an integer division whose result no integer can hold";
    case Trap::Kind::instruction:
      return "code that cannot be executed: the kernel relies on undefined behaviour";
    case Trap::Kind::stack:
      return "its stack overflowed";
    case Trap::Kind::interrupted:
      return "was still running";
    case Trap::Kind::none:
      return "nothing";
    case Trap::Kind::memory:
    case Trap::Kind::lost_memory:
      break;
  }
  // The first page is never mapped: what lies there is a member of, or an element behind, nothing.
  constexpr uintptr_t kFirstPage = 4096;
  if (!trap.has_address) return "access to memory through a pointer that holds no address";
  char address[2 + 2 * sizeof trap.address + 1];
  std::snprintf(address, sizeof address, "0x%llx", static_cast<unsigned long long>(trap.address));
  const char* verb = trap.access == Trap::Access::write  ? "write to"
                     : trap.access == Trap::Access::read ? "read of"
                                                         : "access to";
  return std::string(verb) +
         (trap.address < kFirstPage ? " a null pointer, address " : " memory at ") + address;
}

}  // namespace

void throw_fault(const Trap& trap, const std::string& who, const std::string& where) {
  KernelFault fault(kind_of(trap), who + (trap.kind == Trap::Kind::interrupted ? " " : ": ") +
                                       describe(trap) + (where.empty() ? "" : ", " + where));
  fault.access = trap.access;
  fault.has_address = trap.has_address && where.empty();
  fault.address = trap.address;
  throw fault;
}

}  // namespace anvil::cpu
