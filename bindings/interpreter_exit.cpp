#include "interpreter_exit.hpp"

#include <unistd.h>

#include <chrono>
#include <thread>

namespace foundry::python {

void sleep_for_good() noexcept {
  for (;;) ::pause();
}

void Calls::stay_out() const noexcept {
  if (PyThread_get_thread_ident() == leaver) return;
  PyEval_SaveThread();
  sleep_for_good();
}

void keep_others_out() {
  using namespace std::chrono_literals;
  // Python code that a call of ours runs in turn may take long, but hardly at exit.
  constexpr auto kPatience = 2s;
  calls.leaver = PyThread_get_thread_ident();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  // One call is this thread's own.
  while (calls.inside - calls.without_gil > 1 && std::chrono::steady_clock::now() < end) {
    PyThreadState* const state = PyEval_SaveThread();
    std::this_thread::sleep_for(1ms);
    PyEval_RestoreThread(state);
  }
}

}  // namespace foundry::python
