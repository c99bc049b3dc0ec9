// What other threads do when the interpreter leaves: none is inside of the bindings then but
// asleep.
#pragma once

#include "module.hpp"

namespace foundry::python {

/// For a thread that would ask for the GIL while the interpreter leaves: CPython before 3.14 ends
/// it by pthread_exit, whose unwinding no `noexcept` lets through. As newer CPythons do, it sleeps
/// until the process has ended.
[[noreturn]] void sleep_for_good() noexcept;

/// Guarded by the GIL.
struct Calls {
  int inside = 0;                  // calls of ours on any thread's stack
  int without_gil = 0;             // of these, in a wait
  unsigned long leaver = 0;        // the thread that leaves; 0: none does
  void stay_out() const noexcept;  // on any other thread: does not return
};
/// Defined here, so that every call finds it without the linker's table.
inline constinit Calls calls;

/// A call of ours, from Python and with the GIL.
class CallScope {
 public:
  CallScope() noexcept {
    if (calls.leaver != 0) [[unlikely]]
      calls.stay_out();
    ++calls.inside;
  }
  ~CallScope() { --calls.inside; }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;
};

/// From here on other threads fall asleep where they enter a call of ours or end a wait in one.
/// Waits, with the GIL free, until those that are inside have come out.
void keep_others_out();

}  // namespace foundry::python
