// fiber.hpp: a stack of its own that a thread can switch to and back from.
#pragma once

#include <cstddef>
#include <cstdint>

namespace anvil::cpu {

/// Not tied to a thread while it rests, but one thread at a time runs it. What is suspended on a
/// fiber when it is started anew or destroyed is dropped without unwinding: only code without
/// destructors, as compiled kernels are, may be left there.
class Fiber {
 public:
  using Function = void (*)(void*);

  /// Stands for the calling thread's own stack: something to switch from and back to.
  Fiber();
  /// With a stack of its own, a guard page below it. Throws std::system_error.
  explicit Fiber(size_t stack_bytes);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// The next switch to this fiber calls function(argument), which must not return: it ends with
  /// leave_to().
  void start(Function function, void* argument);

  /// Suspends this fiber, which is running, and continues `next`.
  void switch_to(Fiber& next) { transfer(next, false); }
  /// The same for a function in assembly, which has saved its caller's registers as
  /// saved_registers.hpp does, at `stack_pointer`, and is to restore them from where this returns.
  void* switch_from(void* stack_pointer, Fiber& next) {
    stack_pointer_ = stack_pointer;
    next.previous_ = this;
    return next.stack_pointer_;
  }
  /// Whether switches tell a sanitizer, before and after: switch_from() does not.
  static bool are_watched();
  /// The same, for a fiber that will not be continued, only started anew.
  void leave_to(Fiber& next) { transfer(next, true); }

  /// Whether the address is what an overflow of the stack meets.
  bool is_guard(uintptr_t address) const {
    const auto bottom = reinterpret_cast<uintptr_t>(stack_bottom_);
    return address < bottom && address >= reinterpret_cast<uintptr_t>(mapping_);
  }

  /// After a signal handler has made the thread go on here, where `dropped` may have been running,
  /// which is only started anew: tells the sanitizers. `stack_pointer`: what it was.
  void return_from(Fiber& dropped, uintptr_t stack_pointer);
  /// After it has left functions of the stack that it is on without unwinding: the same.
  static void forget_dropped_frames();

 private:
  void transfer(Fiber& next, bool for_good);
  static void enter(void* fiber);

  void* stack_pointer_ = nullptr;  // of the suspended code
  void* mapping_ = nullptr;        // guard page, then the stack
  size_t mapping_bytes_ = 0;
  Function function_ = nullptr;
  void* argument_ = nullptr;
  const void* stack_bottom_ = nullptr;
  size_t stack_bytes_ = 0;
  Fiber* previous_ = nullptr;                      // whence this fiber was last switched to
  [[maybe_unused]] void* fake_stack_ = nullptr;    // AddressSanitizer's
  [[maybe_unused]] void* thread_state_ = nullptr;  // ThreadSanitizer's
};

}  // namespace anvil::cpu
