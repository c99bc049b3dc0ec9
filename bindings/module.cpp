// The extension module foundry._foundry: handles and calls, no logic of its own.
#include "module.hpp"

NB_MODULE(_foundry, m) {
  using namespace foundry::python;
  m.doc() = "Foundry's C++ runtime. Import `foundry`, which names what is public.";
  bind_errors(m);
  bind_waiting(m);
  bind_dtype(m);
  bind_device(m);
  bind_tensor(m);
  bind_values(m);
  bind_arena(m);
  bind_gguf(m);
  bind_ops(m);
  bind_kernel(m);
  bind_library(m);
  bind_fusion(m);
  bind_registered(m);
  bind_runtime(m);
  bind_program(m);
  guard_calls(m);
}
