// trap.hpp: how a thread gets out of code that cannot go on: a kernel that touches memory which is
// not there, or one that shall end.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace anvil::cpu {

/// Asks whatever runs under it to end, at any instruction. Set once, by any thread.
struct Interrupt {
  std::atomic<bool> requested{false};
};

/// What ended code under run_trapped().
struct Trap {
  enum class Kind : uint8_t {
    none,
    memory,       ///< an access to an address that is not mapped, or not in this way
    lost_memory,  ///< mapped, but what lies behind it is gone: a file that has shrunk
    stack,        ///< memory below the thread's stack, which has overflowed
    arithmetic,   ///< an integer division that the processor refuses
    instruction,  ///< no instruction, or one of another processor
    interrupted,
  };
  enum class Access : uint8_t { unknown, read, write };

  Kind kind = Kind::none;
  Access access = Access::unknown;
  bool has_address = false;  ///< x86 keeps the address to itself where it is no canonical one
  uintptr_t address = 0;
  uintptr_t instruction = 0;
  uintptr_t caller = 0;  ///< of the function with the instruction, if that has no frame; or 0
  uintptr_t stack_pointer = 0;  ///< at the instruction

  /// Whether the address is where that stack grows to: in a guard below it, its overflow. What is
  /// far below the stack pointer came from other memory whose neighbour the stack is.
  bool is_next_of_stack() const {
    constexpr uintptr_t kMost = 4096;  // below the pointer: a call, a function's first store
    return has_address && address + kMost >= stack_pointer;
  }
};

/// Calls function(argument), which does not throw. False, and `trap` filled, if a signal ended it:
/// then whatever it had on its stacks is dropped without unwinding, so that it may hold no lock and
/// nothing with a destructor, nor allocate, if `interrupt` is given. Not to be nested.
bool run_trapped(void (*function)(void*), void* argument, const Interrupt* interrupt, Trap& trap);

/// Takes SIGSEGV, SIGBUS, SIGFPE and SIGILL for threads inside run_trapped(), and SIGURG for
/// interrupt_thread(). All else goes to whoever had these signals before. Again where somebody has
/// put back what was there before; a handler that was made later and still is there stays, and is
/// expected to pass on what is not its own.
void install_trap_handlers();

/// Has a thread look at its Interrupt. Harmless at any time of a thread that lives.
void interrupt_thread(pthread_t thread);

/// From the one to the other the calling thread's interrupts wait.
void hold_interrupts();
void admit_interrupts();

/// Lets the calling thread take the signals of traps, also when its stack has overflowed, until it
/// goes out of scope. Whatever else the thread blocks stays blocked.
class TrapStack {
 public:
  TrapStack();
  ~TrapStack();
  TrapStack(const TrapStack&) = delete;
  TrapStack& operator=(const TrapStack&) = delete;

 private:
  void* mapping_ = nullptr;  // null: the thread had an alternate stack, or there is no memory
  size_t bytes_ = 0;
};

}  // namespace anvil::cpu
