// What each file of the bindings defines: one concept of cpp/foundry, added to the module.
#pragma once

#include <nanobind/nanobind.h>

#include "dtype.hpp"

namespace foundry::python {

namespace nb = nanobind;

/// Whether Ctrl-C has interrupted a wait for the device: its work may be without an end.
bool is_interrupted() noexcept;

void bind_errors(nb::module_&);
void bind_waiting(nb::module_&);
void bind_dtype(nb::module_&);
void bind_device(nb::module_&);
void bind_tensor(nb::module_&);
void bind_values(nb::module_&);
void bind_arena(nb::module_&);
void bind_gguf(nb::module_&);
void bind_kernel(nb::module_&);
void bind_library(nb::module_&);
void bind_ops(nb::module_&);
void bind_fusion(nb::module_&);
void bind_registered(nb::module_&);
void bind_runtime(nb::module_&);
void bind_program(nb::module_&);

/// Last: from then on every function of the module raises Foundry's errors only.
void guard_calls(nb::module_&);
/// Leaves this exception, a signal handler's, as it is on its way out of Foundry.
void pass_unchanged(nb::handle exception);

}  // namespace foundry::python
