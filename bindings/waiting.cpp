// Waits without the GIL that Ctrl-C interrupts, and Python objects that completion threads let go.
#include "foundry/core/waiting.hpp"

#include <atomic>

#include "foundry/core/release_queue.hpp"
#include "interpreter_exit.hpp"

namespace foundry::python {
namespace {

std::atomic<bool> interrupted = false;

PyThreadState* save_thread() noexcept {
  ++calls.without_gil;
  return PyEval_SaveThread();
}

/// Null, and the GIL stays, where this thread has none, and while the interpreter leaves: its
/// thread alone runs then.
void* release_gil() noexcept {
  return Py_IsInitialized() && PyGILState_Check() ? save_thread() : nullptr;
}

void restore_gil(void* state) noexcept {
  if (!state) return;
  try {
    PyEval_RestoreThread(static_cast<PyThreadState*>(state));
  } catch (...) {
    sleep_for_good();
  }
  if (calls.leaver != 0) [[unlikely]]
    calls.stay_out();
  --calls.without_gil;
}

/// Runs pending signal handlers; what one raises (KeyboardInterrupt) abandons the wait.
void check_signals(void* state) {
  if (!state) return;
  restore_gil(state);
  if (PyErr_CheckSignals() == 0) {
    save_thread();
    return;
  }
  if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) interrupted = true;
  nb::python_error error;  // takes the pending Python exception, which needs the GIL
  pass_unchanged(error.value());
  save_thread();
  throw error;
}

int drain(void*) noexcept {
  drain_released();
  return 0;
}

/// On a completion thread: asks the interpreter to drain soon. It may refuse (a full queue, an
/// interpreter that is leaving); the next Python call into Foundry drains then.
void request_drain() noexcept {
  if (Py_IsInitialized()) Py_AddPendingCall(drain, nullptr);
}

}  // namespace

bool is_interrupted() noexcept {
  return interrupted;
}

void bind_waiting(nb::module_&) {
  set_wait_hooks({release_gil, check_signals, restore_gil});
  set_release_hook(request_drain);
}

}  // namespace foundry::python
