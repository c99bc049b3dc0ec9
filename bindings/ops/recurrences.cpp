// Operations that go from token to token with a state.
#include "foundry/ops/ops.hpp"

#include "ops/bind_operation.hpp"
#include "ops/groups.hpp"

namespace foundry::python {

void bind_recurrences(nb::module_& m) {
  bind_operations(m, ops::RecurrentOperations());
}

}  // namespace foundry::python
