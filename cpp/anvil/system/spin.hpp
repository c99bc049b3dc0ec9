// spin.hpp: looks for work a little while before going to sleep.
#pragma once

#include <sched.h>

#include <chrono>

namespace anvil {

/// How long a thread out of work looks for more before it sleeps: several times the gap between two
/// dispatches of one command buffer, and little beside the cost of waking (70 us where a processor
/// without work is given back to the host of a virtual machine).
inline constexpr auto kSpinTime = std::chrono::microseconds(50);

/// Whether `done` became true within kSpinTime. Gives way to threads that have work.
template <typename Predicate>
bool spin_until(const Predicate& done) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 128; ++i) {
      if (done()) return true;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#else
      asm volatile("isb");
#endif
    }
    sched_yield();
  } while (std::chrono::steady_clock::now() < deadline);
  return done();
}

}  // namespace anvil
