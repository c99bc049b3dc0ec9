// Waits without the GIL that Ctrl-C interrupts, and Python objects that completion threads let go.
#include "foundry/core/waiting.hpp"

#include "foundry/core/release_queue.hpp"
#include "module.hpp"

namespace foundry::python {
namespace {

void* release_gil() noexcept {
  return PyGILState_Check() ? PyEval_SaveThread() : nullptr;
}

void restore_gil(void* state) noexcept {
  if (state) PyEval_RestoreThread(static_cast<PyThreadState*>(state));
}

/// Runs pending signal handlers; what one raises (KeyboardInterrupt) abandons the wait.
void check_signals(void* state) {
  if (!state) return;
  restore_gil(state);
  if (PyErr_CheckSignals() == 0) {
    PyEval_SaveThread();
    return;
  }
  nb::python_error error;  // takes the pending Python exception, which needs the GIL
  pass_unchanged(error.value());
  PyEval_SaveThread();
  throw error;
}

int drain(void*) noexcept {
  drain_released();
  return 0;
}

/// On a completion thread: asks the interpreter to drain soon. It may refuse (a full queue, an
/// interpreter that is leaving); the next Python call into Foundry drains then.
void request_drain() noexcept {
  Py_AddPendingCall(drain, nullptr);
}

}  // namespace

void bind_waiting(nb::module_&) {
  set_wait_hooks({release_gil, check_signals, restore_gil});
  set_release_hook(request_drain);
}

}  // namespace foundry::python
